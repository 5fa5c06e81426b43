import Foundation
import Tessera
import TesseraTestSupport
import Testing

// begin example
/// Bands of rows, dealt out to the nodes in turn.
struct Bands: PartitionStrategy, Configurable {
    static let keys = [Key("rows", \Bands.rows, "the rows of a band")]
    var rows = 16

    func validate() throws {
        guard rows > 0 else { throw TesseraError(.invalidArgument, "'rows' expects a number above 0, found \(rows)") }
    }

    func stages(for span: Span, nodes: Int) throws -> [StageChoice] {
        guard let output = span.output else { return [] }
        let whole = Region(whole: span.graph.shapes[output])
        let height = whole[2].count
        let bands = stride(from: 0, to: height, by: rows).enumerated().map { index, first in
            TileChoice(node: index % nodes, region: whole.replacing(axis: 2, with: first..<min(first + rows, height)))
        }
        return [StageChoice(output: output, tiles: bands)]
    }
}
// end example

/// The strategies that docs/partitioning.md shows how to write.
@Suite struct WrittenStrategyTests {
    @Test("the strategy in Swift is registered, cuts, and equals the whole")
    func swift() throws {
        var strategies = Registry<any PartitionStrategy>.builtin
        try strategies.register(Module(Bands.self, name: "bands", summary: "bands of rows, dealt out in turn") { $0 })
        var network = try NetworkSketch(2, 20, 9)
        try network.add("conv", NetworkSketch.conv(3))
        let graph = try network.bound(random: 1)
        let choice = PartitionChoice(strategy: "bands", options: .map([("rows", 8.configuration)]))
        let plan = try choice.plan(graph, nodes: 2, strategies: strategies)
        #expect(plan.stages[0].tiles.map { $0.region[2] } == [0..<8, 8..<16, 16..<20])
        #expect(plan.stages[0].tiles.map(\.node) == [0, 1, 0])
        var generator = SeededGenerator(seed: 2)
        let inputs = try graph.randomInputs(using: &generator)
        #expect(
            try plan.run(inputs, backend: OneDNNBackend()) == Session(graph, backend: OneDNNBackend()).run(inputs))
    }

    @Test("the page shows the strategy as it is compiled here")
    func page() throws {
        let source = try String(contentsOfFile: #filePath, encoding: .utf8)
        let example = try #require(source.components(separatedBy: "// begin example\n").dropFirst().first)
            .components(separatedBy: "// end example")[0]
        let page = try String(
            contentsOf: TestFiles.repository.appendingPathComponent("docs/partitioning.md"), encoding: .utf8)
        #expect(page.contains(example))
    }
}
