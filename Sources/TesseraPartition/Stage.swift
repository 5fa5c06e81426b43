import TesseraCore

/// Some consecutive layers that every node runs on its own part, without exchange in between.
public struct Stage: Sendable {
    /// The value that it makes.
    public let output: Graph.ValueID
    /// Its layers, in order of execution.
    public let layers: [Graph.NodeID]
    public let tiles: [Tile]

    init(_ choice: StageChoice, layers: [Graph.NodeID], nodes: Int, in graph: BoundGraph) throws {
        output = choice.output
        self.layers = layers
        try Self.check(choice, nodes: nodes, in: graph)
        tiles = try choice.tiles.map { try Tile($0, of: choice.output, layers: layers, in: graph) }
    }

    /// The choice that makes this stage.
    public var choice: StageChoice {
        StageChoice(output: output, tiles: tiles.map { TileChoice(node: $0.node, region: $0.region) })
    }

    /// Tiles that a stage may have.
    private static let tileLimit = 1024

    /// Every element must be made, by one tile: regions inside the map, without overlap, that cover all of it.
    private static func check(_ choice: StageChoice, nodes: Int, in graph: BoundGraph) throws {
        let shape = graph.shapes[choice.output]
        let whole = Region(whole: shape)
        try locatingErrors(path: graph.graph.values[choice.output].name) {
            guard shape.rank >= 2 else {
                throw TesseraError(
                    .invalidArgument, "expected a cut at a value of batch and channels or features, found \(shape)")
            }
            guard choice.tiles.count <= tileLimit else {
                throw TesseraError(
                    .limitExceeded, "expected at most \(tileLimit) tiles in a stage, found \(choice.tiles.count)")
            }
            for tile in choice.tiles {
                guard (0..<nodes).contains(tile.node) else {
                    throw TesseraError(.invalidArgument, "expected a node from 0 to \(nodes - 1), found \(tile.node)")
                }
                guard tile.region.rank == shape.rank, !tile.region.isEmpty, whole.contains(tile.region) else {
                    throw TesseraError(.invalidArgument, "expected a region inside \(shape), found \(tile.region)")
                }
            }
            let index = RegionIndex(choice.tiles.map(\.region))
            for (position, tile) in choice.tiles.enumerated() {
                guard let other = index.regions(thatOverlap: tile.region).first(where: { $0 > position }) else {
                    continue
                }
                throw TesseraError(
                    .invalidArgument,
                    "expected regions without overlap, found \(tile.region) and \(choice.tiles[other].region)")
            }
            let covered = choice.tiles.reduce(0) { $0 + $1.region.elementCount }
            guard covered == shape.elementCount else {
                throw TesseraError(
                    .invalidArgument,
                    "expected regions that cover all \(shape.elementCount) elements of \(shape), found \(covered)")
            }
        }
    }
}
