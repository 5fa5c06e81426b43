import TesseraCore
import TesseraPartition

/// A piece of a tile's input: a part of a tensor that somebody has.
struct ArrivedPiece: Sendable {
    let index: Int
    let source: Tensor
    /// The part of it that is the piece.
    let region: Region

    init(_ index: Int, whole: Tensor) { (self.index, source, region) = (index, whole, Region(whole: whole.shape)) }
    init(_ index: Int, _ region: Region, of source: Tensor) {
        (self.index, self.source, self.region) = (index, source, region)
    }
}

/// The inputs of one tile, put together as their pieces arrive.
struct TileInputs {
    private let pieces: [TileRoutes.Piece]
    private var tensors: [Tensor?]
    private let inputs: [Tile.Input]
    private var missing: Set<Int>
    /// What the inputs take of the node's memory.
    private let share: ByteBudget.Share

    /// - Throws: `limitExceeded` if there is no memory for them.
    init(_ tile: Tile, pieces: [TileRoutes.Piece], memory: ByteBudget) throws {
        share = try memory.reserve(tile.inputs.reduce(0) { Shape.saturatingSum($0, $1.byteCount) })
        self.pieces = pieces
        inputs = tile.inputs
        tensors = tile.inputs.map { _ in nil }
        missing = Set(pieces.indices)
    }

    var isComplete: Bool { missing.isEmpty }

    /// - Throws: `protocolViolation` for a piece that is none, or is there already; `outOfMemory`.
    mutating func add(_ piece: ArrivedPiece) throws {
        guard missing.remove(piece.index) != nil else {
            throw TesseraError(.protocolViolation, "piece \(piece.index) of a tile comes twice, or there is none")
        }
        let place = pieces[piece.index]
        let whole = inputs[place.input].region.shape
        // One piece may be all of it.
        if piece.source.shape == whole, piece.region == Region(whole: whole) {
            return tensors[place.input] = piece.source
        }
        // The pieces are all of it: the tiles of a stage cover its output, which plans see to.
        var target = try tensors[place.input] ?? Tensor(unwritten: whole, elementType: place.elementType)
        // Written to in place only by whoever alone refers to it.
        tensors[place.input] = nil
        try target.paste(piece.region, of: piece.source, at: place.region)
        tensors[place.input] = target
    }

    /// All inputs, by the names of the values.
    func named(in graph: Graph) -> [String: Tensor] {
        Dictionary(
            zip(inputs, tensors).compactMap { input, tensor in tensor.map { (graph.values[input.value].name, $0) } },
            uniquingKeysWith: { first, _ in first })
    }
}
