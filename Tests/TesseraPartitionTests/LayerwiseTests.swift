import Tessera
import TesseraTestSupport
import Testing

@Suite struct LayerwiseTests {
    @Test("nodes exchange before layers that look at neighbours, and send only the rows that are missing")
    func chain() throws {
        var network = try NetworkSketch(1, 16, 4)
        try network.add("conv1", NetworkSketch.conv(2))
        try network.add("relu1", Relu())
        try network.add("pool1", NetworkSketch.pool())
        try network.add("narrow", NetworkSketch.conv(3, 1))
        try network.add("conv2", NetworkSketch.conv(2))
        try network.add("conv3", NetworkSketch.conv(1))
        try network.add("relu3", Relu())
        let plan = try plan(network.bound(), nodes: 2)
        #expect(outputs(plan) == ["narrow", "conv2", "relu3"])
        #expect(plan.stages.flatMap { $0.tiles.map { $0.region[2] } } == [0..<4, 4..<8, 0..<4, 4..<8, 0..<4, 4..<8])
        #expect(plan.redundancy == 1)
        #expect(plan.speedupBound == 2)
        // 9 rows of the image to each; then a row of 2 pixels to and fro, of 3 and of 2 channels; 8 rows of the result.
        #expect(plan.bytesExchanged == (2 * 9 * 4 + 2 * 2 * 3 + 2 * 2 * 2 + 8 * 2) * 4)
    }

    @Test("a value that a block reads twice is made once, and nothing in a residual block is computed twice")
    func residual() throws {
        var network = try NetworkSketch(3, 16, 16)
        try network.add("stem", NetworkSketch.conv(8))
        let stem = try network.add("relu0", Relu())
        try network.add("reduce", NetworkSketch.conv(4, 1))
        try network.add("look", NetworkSketch.conv(4))
        let expand = try network.add("expand", NetworkSketch.conv(8, 1))
        try network.add("sum", Add(), expand, stem)
        try network.add("relu1", Relu())
        try network.add("head", NetworkSketch.conv(8))
        let plan = try plan(network.bound(), nodes: 4)
        #expect(outputs(plan) == ["relu0", "reduce", "relu1", "head"])
        #expect(plan.redundancy == 1)
        #expect(plan.speedupBound == 4)
    }

    @Test("VGG-16 and YOLOv2 in 7 strips compute nothing twice")
    func known() throws {
        for graph in [try NetworkSketch.vgg16(), try NetworkSketch.yolo16()] {
            #expect(try plan(graph, nodes: 7).redundancy == 1)
        }
    }

    @Test("columns can be cut instead, and a node of twice the speed gets twice as many")
    func options() throws {
        var network = try NetworkSketch(1, 4, 9)
        try network.add("conv", NetworkSketch.conv(1, 1))
        let strategy = try Registry<any PartitionStrategy>.builtin.make(
            "layerwise", .map([("axis", "width".configuration), ("speeds", [2.0, 1.0].configuration)]))
        let plan = try Plan(network.bound(), nodes: 2, strategy: strategy, named: "layerwise")
        #expect(plan.stages[0].tiles.map { $0.region[3] } == [0..<6, 6..<9])
    }

    private func plan(_ graph: BoundGraph, nodes: Int) throws -> Plan {
        try Plan(graph, nodes: nodes, strategy: Layerwise(), named: "layerwise")
    }

    private func outputs(_ plan: Plan) -> [String] { plan.stages.map { plan.graph.graph.values[$0.output].name } }
}
