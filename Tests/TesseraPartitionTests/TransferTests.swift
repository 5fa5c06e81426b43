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
            let graph = try RandomNetwork.make(head: seed % 3 == 0, extraOutputs: true, using: &generator)
            guard let plan = try Plan.random(graph, using: &generator) else { continue }
            if let problem = try plan.transferProblem() {
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
}
