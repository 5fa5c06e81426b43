import TesseraCore
import TesseraPlugins
import TesseraRuntime

/// Promises that only some operators give.
extension OperatorConformance {
    /// Watches an operator of a library at its work on the whole, and on regions if it can be cut.
    ///
    /// - Parameter breach: what of it must not be.
    func watch(_ graph: BoundGraph, _ breach: (OperatorWatch) -> String?) throws {
        guard let node = graph.graph.nodes.first, let watched = node.op as? any WatchedOperator else { return }
        let inputs = try inputs(of: graph)
        let weights = graph.parameters[0]
        if let breach = breach(try watched.watchedForward(inputs, parameters: weights)) {
            throw BrokenPromise(description: breach)
        }
        let whole = Region(whole: graph.shapes[graph.graph.outputs[0].value])
        guard op.isSpatiallyLocal, whole.rank > 2 else { return }
        for region in whole.parts(alongLastAxes: [2, 2]) {
            let tile = try node.op.tile(region, ofOutput: 0, inputs: inputs.map(\.shape))
            guard let watched = tile.op as? any WatchedOperator else { continue }
            let pieces = try zip(inputs, tile.inputs).compactMap { tensor, region in try region.map(tensor.cropped) }
            if let breach = breach(try watched.watchedForward(pieces, parameters: weights)) {
                throw BrokenPromise(description: "\(region): \(breach)")
            }
        }
    }

    /// Changes all pixels of the inputs but one, which must leave the output there as it was.
    func checkPixels(of graph: BoundGraph) throws {
        let (inputs, others) = (try inputs(of: graph), try self.inputs(of: graph, draw: 2))
        let whole = try run(graph, ReferenceBackend())
        let (height, width) = (2, 3)
        guard whole.shape.rank == 4, let map = inputs.first?.shape, map.rank == 4 else { return }
        guard whole.shape[height] == map[height], whole.shape[width] == map[width] else {
            throw BrokenPromise(description: "expected \(map[height])x\(map[width]) pixels, found \(whole.shape)")
        }
        func pixel(of shape: Shape, _ row: Int, _ column: Int) -> Region {
            Region(whole: shape).replacing(axis: height, with: row..<row + 1).replacing(
                axis: width, with: column..<column + 1)
        }
        for (row, column) in [(0, 0), (map[height] / 2, map[width] / 3), (map[height] - 1, map[width] - 1)] {
            let changed = try zip(inputs, others).map { own, other in
                guard own.shape.rank == 4 else { return own }
                var changed = other
                let place = pixel(of: own.shape, row, column)
                try changed.paste(own.cropped(to: place), at: place)
                return changed
            }
            let place = pixel(of: whole.shape, row, column)
            guard try run(graph, ReferenceBackend(), on: changed).cropped(to: place) == whole.cropped(to: place) else {
                throw BrokenPromise(
                    description:
                        "the output at row \(row), column \(column) is another if other pixels are, seed \(seed)")
            }
        }
    }
}
