import Tessera
import TesseraTestSupport
import Testing

@Suite struct PlanValidationTests {
    @Test(
        "regions that overlap, leave a gap, lie outside, are empty or have another rank are refused",
        arguments: [
            (
                [[0..<1, 0..<2, 0..<5, 0..<8], [0..<1, 0..<2, 4..<8, 0..<8]],
                "expected regions without overlap, found rows 5 to 5 in tiles 1 and 2"
            ),
            (
                [[0..<1, 0..<2, 0..<5, 0..<8], [0..<1, 0..<2, 6..<8, 0..<8]],
                "cover all 128 elements of 1x2x8x8, found 112: no tile has rows 6 to 6"
            ),
            (
                [[0..<1, 0..<2, 0..<5, 0..<8], [0..<1, 0..<2, 5..<9, 0..<8]],
                "tile 2: expected a region inside 1x2x8x8, found rows 6 to 9"
            ),
            ([[0..<1, 0..<2, -1..<8, 0..<8]], "inside 1x2x8x8"),
            ([[0..<1, 0..<2, 0..<8, 0..<8], [0..<1, 0..<2, 8..<8, 0..<8]], "inside 1x2x8x8"),
            ([[0..<8, 0..<8]], "found one of 2 axes"),
            ([[0..<1, 0..<1, 0..<8, 0..<8]], "found 64: no tile has channels 2 to 2"),
            ([], "found 0: no tile has all of it"),
        ] as [([[Range<Int>]], String)])
    func regions(regions: [[Range<Int>]], message: String) throws {
        let graph = try network()
        let tiles = regions.map { TileChoice(node: 0, region: Region($0)) }
        expectError(.invalidArgument, "strategy 'hand': stage 1 ('conv'): ", message) {
            try Plan(graph, nodes: 1, choices: [StageChoice(output: 1, tiles: tiles)], strategy: "hand")
        }
    }

    @Test("a tile for a node that is not there is refused", arguments: [-1, 2])
    func nodes(node: Int) throws {
        let graph = try network()
        let tile = TileChoice(node: node, region: Region(whole: graph.shapes[1]))
        expectError(.invalidArgument, "expected a node from 0 to 1, found \(node)") {
            try Plan(graph, nodes: 2, choices: [StageChoice(output: 1, tiles: [tile])], strategy: "hand")
        }
    }

    @Test("a stage must make a value that exists, and once")
    func stages() throws {
        let graph = try network()
        let choice = StageChoice(output: 1, tiles: [TileChoice(node: 0, region: Region(whole: graph.shapes[1]))])
        expectError(.invalidArgument, "value 1, which is none, or was made before") {
            try Plan(graph, nodes: 1, choices: [choice, choice], strategy: "hand")
        }
        for output in [-1, 99] {
            let unknown = StageChoice(output: output, tiles: [])
            expectError(.invalidArgument, "value \(output)") {
                try Plan(graph, nodes: 1, choices: [unknown], strategy: "hand")
            }
        }
    }

    @Test("the number of nodes is limited", arguments: [0, -1, 4097])
    func nodeCounts(count: Int) throws {
        let graph = try network()
        expectError(.invalidArgument, "1 to 4096 nodes, found \(count)") {
            try Plan(graph, nodes: count, strategy: Vertical(), named: "vertical")
        }
    }

    @Test("a layer that cannot be computed in parts is named")
    func notSupported() throws {
        var network = try NetworkSketch(4, 8, 8)
        var grouped = NetworkSketch.conv(4)
        grouped.groups = 2
        let output = try network.add("grouped", grouped)
        let graph = try network.bound()
        let tiles = [0..<1, 1..<4].map { TileChoice(node: 0, region: Region([0..<1, $0, 0..<8, 0..<8])) }
        expectError(.notSupported, "grouped: expected output channels cut between groups of 2, found 0..<1") {
            try Plan(graph, nodes: 1, choices: [StageChoice(output: output, tiles: tiles)], strategy: "hand")
        }
    }

    @Test("what nodes are told is the span alone, with the same tiles")
    func spanOnly() throws {
        var network = try NetworkSketch(1, 8, 8)
        try network.add("conv", NetworkSketch.conv(2))
        try network.add("average", GlobalAveragePool())
        let plan = try Plan(network.bound(random: 1), nodes: 2, strategy: Vertical(), named: "vertical")
        let span = try plan.spanOnly()
        #expect(span.graph.graph.nodes.map(\.name) == ["conv"])
        #expect(span.graph.graph.outputs.isEmpty)
        #expect(span.stages[0].tiles.map(\.region) == plan.stages[0].tiles.map(\.region))
        #expect(span.redundancy == plan.redundancy)
        #expect(try plan.remainingNetwork().graph.nodes.map(\.name) == ["average"])
        #expect(try plan.remainingNetwork().graph.inputs.map(\.name) == ["conv"])
    }

    /// conv: 1x1x8x8 to 1x2x8x8.
    private func network() throws -> BoundGraph {
        var network = try NetworkSketch(1, 8, 8)
        try network.add("conv", NetworkSketch.conv(2))
        return try network.bound()
    }
}
