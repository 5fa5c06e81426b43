import Tessera
import TesseraCore
@testable import TesseraPartition
import TesseraTestSupport
import Testing

@Suite struct TransferTests {
    @Test(
        "random plans: pieces are disjoint, together what is needed, held by whom they come from, and add up in bytes")
    func piecesPartitionWhatIsNeeded() throws {
        for seed in propertySeeds(300) {
            var generator = SeededGenerator(seed: seed)
            let graph = try RandomNetwork.make(extraOutputs: true, using: &generator)
            guard let plan = try Plan.random(graph, using: &generator) else { continue }
            if let problem = try transferProblem(of: plan) {
                Issue.record("TESSERA_SEED=\(seed): \(problem)\n\(graph.listing)\n\(plan)")
            }
        }
    }

    @Test("rows that a neighbour made come from it, and what a node made itself does not move")
    func neighbours() throws {
        let plan = try twoStages()
        let image = plan.graph.graph.inputs[0].value
        let first = plan.stages[0].output
        func piece(_ value: Graph.ValueID, _ channels: Int, _ rows: Range<Int>, _ source: Transfer.Holder) -> Transfer {
            Transfer(
                Region([0..<1, 0..<channels, rows, 0..<6]), of: value, from: source, elementType: .f32)
        }
        #expect(
            plan.transfers(into: 0) == [[piece(image, 1, 0..<5, .leader)], [piece(image, 1, 3..<8, .leader)]])
        #expect(
            plan.transfers(into: 1) == [
                [piece(first, 2, 0..<4, .node(0)), piece(first, 2, 4..<5, .node(1))],
                [piece(first, 2, 3..<4, .node(0)), piece(first, 2, 4..<8, .node(1))],
            ])
        #expect(
            plan.collections() == [
                piece(plan.stages[1].output, 3, 0..<4, .node(0)), piece(plan.stages[1].output, 3, 4..<8, .node(1)),
            ])
        // 5 rows of the image to each, a row of 2 channels to and fro, and the result of 3 channels: rows of 6 f32.
        #expect(plan.bytesExchanged == (2 * 5 + 2 * 2 + 3 * 8) * 6 * 4)
        #expect(plan.transfers(into: 2).isEmpty)
    }

    /// image 1x1x8x6 -> 3x3 conv to 2 channels | 3x3 conv to 3 channels, in two strips each.
    private func twoStages() throws -> Plan {
        var network = try NetworkSketch(1, 8, 6)
        let cuts = [
            try network.add("conv1", NetworkSketch.conv(2)), try network.add("conv2", NetworkSketch.conv(3)),
        ]
        let graph = try network.bound()
        let choices = cuts.map { output in
            let whole = Region(whole: graph.shapes[output])
            return StageChoice(
                output: output,
                tiles: whole[2].divided(into: 2).enumerated().map {
                    TileChoice(node: $0, region: whole.replacing(axis: 2, with: $1))
                })
        }
        return try Plan(graph, nodes: 2, choices: choices, strategy: "halo")
    }

    /// Holds the pieces against a map of who made which element.
    private func transferProblem(of plan: Plan) throws -> String? {
        var makers: [Graph.ValueID: Tensor] = [:]
        var bytes = 0
        for (index, stage) in plan.stages.enumerated() {
            for (tile, pieces) in zip(stage.tiles, plan.transfers(into: index)) {
                for input in tile.inputs {
                    let shape = plan.graph.shapes[input.value]
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
            var made = try Tensor(zeros: plan.graph.shapes[stage.output])
            for tile in stage.tiles { try made.paste(filled(tile.region.shape, Float(tile.node)), at: tile.region) }
            makers[stage.output] = made
        }
        let rest = try plan.remainingNetwork()
        for input in rest.graph.inputs {
            let value = try plan.graph.graph.value(named: input.name)
            guard makers[value] != nil else { continue }
            let pieces = plan.collections().filter { $0.value == value }
            let collected = pieces.reduce(0) { $0 + $1.byteCount }
            guard collected == plan.graph.shapes[value].elementCount * 4 else {
                return "\(collected) bytes of '\(input.name)' are collected"
            }
            bytes += collected
        }
        return bytes == plan.bytesExchanged ? nil : "\(bytes) bytes are exchanged, stated are \(plan.bytesExchanged)"
    }

    private func filled(_ shape: Shape, _ value: Float) throws -> Tensor {
        try Tensor([Float](repeating: value, count: shape.elementCount), shape: shape)
    }
}
