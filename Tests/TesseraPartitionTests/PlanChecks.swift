import Tessera
import TesseraTestSupport

/// What must hold for every plan, counted element by element.
extension Plan {
    /// Whether every element is owned once, and every tile's network takes the bytes and operations that the plan states.
    func accountingProblem() throws -> String? {
        var bytes = 0
        for stage in stages {
            var owners = try Tensor(zeros: graph.shapes[stage.output])
            for tile in stage.tiles {
                let once = try owners.cropped(to: tile.region).floats().map { $0 + 1 }
                try owners.paste(Tensor(once, shape: tile.region.shape), at: tile.region)
                let network = try tile.network(in: graph)
                let inputs = network.graph.inputs.reduce(0) { $0 + network.shapes[$1.value].elementCount * 4 }
                let outputs = network.graph.outputs.reduce(0) { $0 + network.shapes[$1.value].elementCount * 4 }
                let operations = zip(network.graph.nodes, network.multiplyAccumulates)
                    .reduce(0) { $0 + ($1.0.op is Conv || $1.0.op is Linear ? $1.1 : 0) }
                if inputs != tile.inputByteCount || outputs != tile.outputByteCount {
                    return
                        "a tile's network moves \(inputs) + \(outputs) bytes, stated are \(tile.inputByteCount) + \(tile.outputByteCount)"
                }
                if operations != tile.convolutionMultiplyAccumulates(in: graph.graph) {
                    return "a tile's network takes \(operations) operations"
                }
                bytes += inputs + outputs
            }
            if try owners.floats().contains(where: { $0 != 1 }) { return "an element is not owned once" }
        }
        return bytes == bytesMoved ? nil : "\(bytes) bytes are moved, stated are \(bytesMoved)"
    }

    /// Holds the pieces against a map of who made which element.
    func transferProblem() throws -> String? {
        var makers: [Graph.ValueID: Tensor] = [:]
        var bytes = 0
        for (index, stage) in stages.enumerated() {
            for (tile, pieces) in zip(stage.tiles, transfers(into: index)) {
                for input in tile.inputs {
                    let shape = graph.shapes[input.value]
                    // The leader counts as node -1.
                    let made = try makers[input.value] ?? filled(shape, -1)
                    var came = try Tensor(zeros: shape)
                    for piece in pieces where piece.value == input.value {
                        let holder: Float = if case .node(let node) = piece.source { Float(node) } else { -1 }
                        guard try made.cropped(to: piece.region).floats().allSatisfy({ $0 == holder }) else {
                            return "\(piece) is not held by its source"
                        }
                        let once = try came.cropped(to: piece.region).floats().map { $0 + 1 }
                        try came.paste(Tensor(once, shape: piece.region.shape), at: piece.region)
                    }
                    let needed = try came.cropped(to: input.region).floats()
                    guard needed.allSatisfy({ $0 == 1 }), try came.floats().reduce(0, +) == Float(needed.count) else {
                        return "the pieces of value \(input.value) are not \(input.region), each element once"
                    }
                    bytes += try 4 * made.cropped(to: input.region).floats().count { $0 != Float(tile.node) }
                }
            }
            var made = try Tensor(zeros: graph.shapes[stage.output])
            for tile in stage.tiles { try made.paste(filled(tile.region.shape, Float(tile.node)), at: tile.region) }
            makers[stage.output] = made
        }
        let rest = try remainingNetwork()
        for input in rest.graph.inputs {
            let value = try graph.graph.value(named: input.name)
            guard makers[value] != nil else { continue }
            let pieces = collections().filter { $0.value == value }
            let collected = pieces.reduce(0) { $0 + $1.byteCount }
            guard collected == graph.shapes[value].elementCount * 4 else {
                return "\(collected) bytes of '\(input.name)' are collected"
            }
            bytes += collected
        }
        return bytes == bytesExchanged ? nil : "\(bytes) bytes are exchanged, stated are \(bytesExchanged)"
    }

    private func filled(_ shape: Shape, _ value: Float) throws -> Tensor {
        try Tensor([Float](repeating: value, count: shape.elementCount), shape: shape)
    }
}
