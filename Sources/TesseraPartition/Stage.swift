import TesseraCore

/// Some consecutive layers that every node runs on its own part, without exchange in between.
public struct Stage: Sendable {
    /// The value that it makes.
    public let output: Graph.ValueID
    /// Its layers, in order of execution.
    public let layers: [Graph.NodeID]
    public let tiles: [Tile]

    /// - Parameter label: what an error of the choice says of where it is.
    init(_ choice: StageChoice, layers: [Graph.NodeID], nodes: Int, in graph: BoundGraph, label: String) throws {
        output = choice.output
        self.layers = layers
        try locatingErrors(path: label) { try Self.check(choice, nodes: nodes, in: graph) }
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
        guard shape.rank >= 2 else {
            throw TesseraError(
                .invalidArgument, "expected a cut at a value of batch and channels or features, found \(shape)")
        }
        guard choice.tiles.count <= tileLimit else {
            throw TesseraError(
                .limitExceeded, "expected at most \(tileLimit) tiles in a stage, found \(choice.tiles.count)")
        }
        let whole = Region(whole: shape)
        for (position, tile) in choice.tiles.enumerated() {
            guard (0..<nodes).contains(tile.node) else {
                throw TesseraError(.invalidArgument, "expected a node from 0 to \(nodes - 1), found \(tile.node)")
            }
            guard tile.region.rank == shape.rank, !tile.region.isEmpty, whole.contains(tile.region) else {
                throw TesseraError(
                    .invalidArgument,
                    "tile \(position + 1): expected a region inside \(shape), found \(tile.region.positions(in: whole))"
                )
            }
        }
        let index = RegionIndex(choice.tiles.map(\.region))
        for (position, tile) in choice.tiles.enumerated() {
            let others = index.regions(thatOverlap: tile.region)
            guard let other = others.first(where: { $0 > position }),
                let shared = tile.region.intersection(choice.tiles[other].region)
            else { continue }
            throw TesseraError(
                .invalidArgument,
                "expected regions without overlap, found \(shared.positions(in: whole)) in tiles \(position + 1) and \(other + 1)"
            )
        }
        let covered = choice.tiles.reduce(0) { $0 + $1.region.elementCount }
        guard covered == shape.elementCount else {
            let missing = choice.tiles.reduce([whole]) { rest, tile in rest.flatMap { $0.subtracting(tile.region) } }
            throw TesseraError(
                .invalidArgument,
                "expected regions that cover all \(shape.elementCount) elements of \(shape), found \(covered)"
                    + (missing.first.map { ": no tile has \($0.positions(in: whole))" } ?? ""))
        }
    }
}

extension Region {
    /// What is left without another region, in parts that do not overlap.
    fileprivate func subtracting(_ other: Region) -> [Region] {
        guard let shared = intersection(other) else { return [self] }
        var (rest, parts) = (self, [Region]())
        for axis in ranges.indices {
            let sides = [
                rest[axis].lowerBound..<shared[axis].lowerBound, shared[axis].upperBound..<rest[axis].upperBound,
            ]
            parts += sides.filter { !$0.isEmpty }.map { rest.replacing(axis: axis, with: $0) }
            rest[axis] = shared[axis]
        }
        return parts
    }
}
