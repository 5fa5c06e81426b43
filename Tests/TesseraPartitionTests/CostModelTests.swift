import Tessera
import TesseraTestSupport
import Testing

/// What layers, transfers and memory cost, worked out by hand.
@Suite struct CostModelTests {
    @Test(
        "a layer takes its operations over the rate and its bytes over the memory's bandwidth; an activation takes nothing"
    )
    func layers() throws {
        var network = try NetworkSketch(1, 8, 6)
        try network.add("conv", NetworkSketch.conv(2))
        try network.add("relu", Relu())
        let graph = try network.bound()
        let device = Device(
            name: "a", multiplyAccumulatesPerSecond: 1e6, memoryBandwidth: 2e6, tileBandwidth: 1e6, tileTime: 1e-4,
            speed: 2)
        let model = CostModel(graph, on: ClusterProfile(nodes: [device], leader: device))
        // 2 · 8 · 6 outputs of 9 products each: 864 operations, 864 us. It reads 48 numbers, makes 96, and has 18 weights and 2 biases:
        // 164 numbers of 4 bytes, 328 us. At twice the speed 596 us.
        #expect(abs(model.seconds(ofWhole: [0, 1], at: 0) - 596e-6) < 1e-12)
        // The lower half: 432 operations; it reads 5 rows of 6, makes 48, and needs all weights: 98 numbers, 392 bytes, 196 us.
        let plan = try Plan(
            graph, nodes: 1, choices: [StageChoice(output: 2, tiles: halves(of: graph, 2))], strategy: "")
        // That is 314 us at twice the speed. Its 30 numbers of input and 48 of result, 312 bytes, get in and out in
        // 312 us after 100 us, 206 at twice the speed.
        #expect(abs(model.seconds(of: plan.stages[0].tiles[1]) - 520e-6) < 1e-12)
        // An activation without its convolution, which another stage made, runs by itself: it reads and makes 96 numbers.
        #expect(abs(model.seconds(ofWhole: [1], at: 0) - 192e-6) < 1e-12)
    }

    @Test("measured layers are looked up by size: linear between sizes, in proportion beyond them")
    func measured() throws {
        var network = try NetworkSketch(1, 8, 6)
        try network.add("conv", NetworkSketch.conv(2))
        try network.add("other", NetworkSketch.conv(1))
        let graph = try network.bound()
        func entry(_ rows: Int, _ seconds: Double) -> DeviceProfile.Entry {
            DeviceProfile.Entry(
                signature: CostModel.signature(of: graph.graph.nodes[0], in: graph), operatorName: "conv",
                output: [1, 2, rows, 6], multiplyAccumulates: 864 * rows / 8, seconds: seconds)
        }
        let profile = DeviceProfile(
            machine: "m", backend: "b", instructionSet: "i", threads: 1, network: "n",
            entries: [entry(8, 1e-3), entry(4, 0.6e-3)])
        var device = Device(name: "a", speed: 2, profile: profile)
        device.multiplyAccumulatesPerSecond = 1
        let model = CostModel(graph, on: ClusterProfile(nodes: [device]))
        func milliseconds(_ layer: Int, rows: Int, macs: Int = 1) -> Double {
            1e3
                * model.seconds(
                    of: layer, making: Region([0..<1, 0..<2, 0..<rows, 0..<6]), reading: [], multiplyAccumulates: macs,
                    at: 0)
        }
        // All at twice the speed of the profile.
        #expect(abs(milliseconds(0, rows: 8) - 0.5) < 1e-9)
        #expect(abs(milliseconds(0, rows: 6) - 0.4) < 1e-9)
        #expect(abs(milliseconds(0, rows: 16) - 1.0) < 1e-9)
        #expect(abs(milliseconds(0, rows: 2) - 0.2) < 1e-9)
        // The other convolution was not measured: (864 + 432) operations took 1.6 ms.
        #expect(abs(milliseconds(1, rows: 8, macs: 810) - 0.5) < 1e-9)
    }

    @Test("a transfer takes the latency and its bytes over the bandwidth; what is lost is sent again")
    func transfers() throws {
        let nodes = [Device(name: "a"), Device(name: "b")]
        let link = Link(bandwidth: 1e6, latency: 2e-3, loss: 0)
        let cluster = ClusterProfile(nodes: nodes, link: link)
            .replacingLink(between: 1, and: 0, with: Link(bandwidth: 1e6, latency: 2e-3, loss: 0.75))
        var network = try NetworkSketch(1, 8, 6)
        try network.add("conv", NetworkSketch.conv(2))
        let model = CostModel(try network.bound(), on: cluster)
        #expect(abs(model.seconds(ofTransfer: 500, from: 2, to: 0) - 2.5e-3) < 1e-12)
        #expect(abs(model.seconds(ofTransfer: 500, from: 0, to: 1) - 4e-3) < 1e-12)
        #expect(model.seconds(ofTransfer: 500, from: 1, to: 1) == 0)
    }

    @Test("memory is the weights of all tiles and the most that is alive at one time")
    func memory() throws {
        var network = try NetworkSketch(1, 8, 6)
        let conv = try network.add("conv", NetworkSketch.conv(2))
        try network.add("relu", Relu())
        let last = try network.add("last", NetworkSketch.conv(1))
        try network.add("sum", Add(), conv + 1, last)
        let graph = try network.bound()
        let nodes = ["a", "b"].map { Device(name: $0, memory: 2300) }
        let model = CostModel(graph, on: ClusterProfile(nodes: nodes))
        let choices = [
            StageChoice(output: 2, tiles: [TileChoice(node: 0, region: Region(whole: graph.shapes[2]))]),
            StageChoice(output: 4, tiles: [TileChoice(node: 1, region: Region(whole: graph.shapes[4]))]),
        ]
        let plan = try Plan(graph, nodes: 2, choices: choices, strategy: "")
        let uses = model.memory(of: plan)
        // Node a: 18 weights and 2 biases, its input of 48 numbers and its output of 96; the activation is in place. Weights are there
        // twice, the input once more, the output twice more.
        #expect(uses[0] == MemoryUse(weights: 160, activations: 576 + (48 + 2 * 96) * 4))
        // Node b: 18 weights and a bias; its input of 96, which the sum reads again, the map of 48 and the sum of 96.
        #expect(uses[1] == MemoryUse(weights: 152, activations: 960 + (96 + 2 * 96) * 4))
        #expect(model.memoryProblems(of: plan) == [])
        let small = ClusterProfile(nodes: [nodes[0], Device(name: "b", memory: 500)])
        #expect(CostModel(graph, on: small).memoryProblems(of: plan) == ["b needs 2.2 KiB and has 500 B"])
    }

    private func halves(of graph: BoundGraph, _ value: Int) -> [TileChoice] {
        let whole = Region(whole: graph.shapes[value])
        return whole[2].divided(into: 2).map { TileChoice(node: 0, region: whole.replacing(axis: 2, with: $0)) }
    }
}
