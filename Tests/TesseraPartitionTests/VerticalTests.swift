import Tessera
import TesseraTestSupport
import Testing

/// METHODS.md A2.
@Suite struct VerticalTests {
    @Test("each node owns the rows whose centres lie in its strip of the last convolution's input, by brute force")
    func sharesByCentres() throws {
        for (size, kernel, stride, padding, nodes) in cases() {
            guard size + 2 * padding >= kernel else { continue }
            var op = NetworkSketch.conv(1, [kernel, 1], stride: [stride, 1])
            op.padding = .explicit([padding, 0])
            var network = try NetworkSketch(1, size, 5)
            try network.add("conv", op)
            let graph = try network.bound()
            let plan = try Plan(graph, nodes: nodes, strategy: Vertical(), named: "vertical")
            let count = graph.shapes[1][2]
            let owners = (0..<count).map { row in
                owner(row: row, size: size, kernel: kernel, stride: stride, padding: padding, nodes: nodes)
            }
            let expected = Dictionary(grouping: 0..<count) { owners[$0] }
            let found = Dictionary(
                uniqueKeysWithValues: plan.stages[0].tiles.map { ($0.node, Array($0.region[2])) })
            #expect(
                found == expected,
                "\(size) rows, kernel \(kernel), stride \(stride), padding \(padding), \(nodes) nodes")
        }
    }

    @Test("equal strips of the input, the longer ones first, on the network of the published method")
    func equalStrips() throws {
        var network = try NetworkSketch(1, 20, 9)
        try network.add("conv1", NetworkSketch.conv(2))
        try network.add("pool", NetworkSketch.pool())
        try network.add("conv2", NetworkSketch.conv(2))
        try network.add("relu", Relu())
        let plan = try Plan(network.bound(), nodes: 3, strategy: Vertical(), named: "vertical")
        // conv2 reads 10 rows: 4, 3 and 3. Stride 1 and padding 1 keep the centres where they are.
        #expect(plan.stages.count == 1)
        #expect(plan.stages[0].output == 4)
        #expect(plan.stages[0].tiles.map { $0.region[2] } == [0..<4, 4..<7, 7..<10])
        #expect(plan.stages[0].tiles.map { $0.inputs[0].region[2] } == [0..<11, 5..<17, 11..<20])
    }

    @Test("layers after the last convolution that mix pixels are the leader's")
    func leadersRest() throws {
        var network = try NetworkSketch(1, 12, 12)
        try network.add("conv", NetworkSketch.conv(2))
        try network.add("bn", BatchNorm())
        try network.add("relu", Relu())
        try network.add("pool", NetworkSketch.pool())
        let plan = try Plan(network.bound(), nodes: 2, strategy: Vertical(), named: "vertical")
        #expect(plan.graph.graph.values[plan.stages[0].output].name == "relu")
        #expect(plan.remainingLayers == [3])
    }

    @Test("branches that are joined along channels end in one stage, which computes nothing that the leader does again")
    func joinedBranches() throws {
        var network = try NetworkSketch(4, 12, 12)
        let stem = try network.add("stem", NetworkSketch.conv(4))
        let left = try network.add("left", NetworkSketch.conv(4, 1), stem)
        let right = try network.add("right", NetworkSketch.conv(4), stem)
        try network.add("joined", Concat(), left, right)
        let plan = try Plan(network.bound(), nodes: 2, strategy: Vertical(), named: "vertical")
        #expect(plan.graph.graph.values[plan.stages[0].output].name == "joined")
        #expect(plan.remainingLayers == [])
    }

    @Test("the width can be cut instead")
    func width() throws {
        var network = try NetworkSketch(1, 4, 9)
        try network.add("conv", NetworkSketch.conv(1))
        let strategy = try Registry<any PartitionStrategy>.builtin.make(
            "vertical", .map([("axis", "width".configuration)]))
        let plan = try Plan(network.bound(), nodes: 2, strategy: strategy, named: "vertical")
        #expect(plan.stages[0].tiles.map(\.region) == [0..<5, 5..<9].map { Region([0..<1, 0..<1, 0..<4, $0]) })
    }

    @Test("a span without convolutions is cut into equal strips of its output")
    func noConvolution() throws {
        var network = try NetworkSketch(1, 10, 4)
        try network.add("pool", NetworkSketch.pool())
        let plan = try Plan(network.bound(), nodes: 3, strategy: Vertical(), named: "vertical")
        #expect(plan.stages[0].tiles.map { $0.region[2] } == [0..<2, 2..<4, 4..<5])
        #expect(plan.redundancy == 1)
    }

    @Test("nodes beyond the rows stay idle, and the table says so")
    func moreNodesThanRows() throws {
        var network = try NetworkSketch(1, 3, 4)
        try network.add("conv", NetworkSketch.conv(1))
        let plan = try Plan(network.bound(), nodes: 5, strategy: Vertical(), named: "vertical")
        #expect(plan.busyNodes == [0, 1, 2])
        #expect(plan.description.contains("2 nodes of 5 stay idle"))
        #expect(plan.loads(of: plan.stages[0]).suffix(2) == [0, 0])
    }

    private func cases() -> [(Int, Int, Int, Int, Int)] {
        var result: [(Int, Int, Int, Int, Int)] = []
        for size in [1, 2, 7, 13, 16] {
            for kernel in [1, 2, 3, 4, 5] {
                for stride in [1, 2, 3] {
                    for padding in [0, 1, 2] {
                        for nodes in [1, 2, 3, 5, 20] { result.append((size, kernel, stride, padding, nodes)) }
                    }
                }
            }
        }
        return result
    }

    /// The node whose strip of the input holds the centre of an output row; centres in the padding go to the nearest strip.
    private func owner(row: Int, size: Int, kernel: Int, stride: Int, padding: Int, nodes: Int) -> Int {
        let centre = Double(row * stride - padding) + Double(kernel - 1) / 2
        let pixel = min(max(Int(centre.rounded(.down)), 0), size - 1)
        // Strip i holds the rows after those of the strips before it, one more each for the first `size % nodes`.
        var start = 0
        for node in 0..<nodes {
            start += size / nodes + (node < size % nodes ? 1 : 0)
            if pixel < start { return node }
        }
        return nodes - 1
    }
}
