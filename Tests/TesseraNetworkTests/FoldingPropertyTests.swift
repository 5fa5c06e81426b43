import Tessera
import TesseraTestSupport
import Testing

/// Random layers with weights, and random chains of what can be merged into them.
@Suite struct FoldingPropertyTests {
    @Test("a folded network computes what the network does, and has nothing left to fold", arguments: propertySeeds(60))
    func agreement(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var chain = try FoldableChain(using: &generator)
        for _ in 0..<Int.random(in: 1...4, using: &generator) { try chain.addStep(using: &generator) }
        let network = try chain.network()
        let folded = try network.folded()
        #expect(folded.graph.nodes.map(\.name) == ["layer", "y"], "seed \(seed): \(chain.listing)")
        let input = try Tensor.random(chain.input, using: &generator)
        func run(_ network: Network) throws -> [Float] {
            let session = try network.session(backend: ReferenceBackend(), fold: false)
            return try #require(session.run(["x": input])["y"]).floats()
        }
        let (expected, actual) = (try run(network), try run(folded))
        let scale = expected.map(\.magnitude).max() ?? 0
        let largest = zip(expected, actual).map { ($0 - $1).magnitude }.max() ?? 0
        // Every layer of the network as it is written rounds to f32 once.
        #expect(
            largest <= 4e-6 * max(scale, chain.largestSummand), "seed \(seed): \(largest) of \(scale): \(chain.listing)"
        )
    }
}

/// A layer with weights and what follows it.
private struct FoldableChain {
    private var graph = Graph()
    private var weights: [String: Tensor] = [:]
    private var last: Graph.ValueID
    private let channels: Int
    /// Axes after that of channels, and before.
    private let spatial: Int
    let input: Shape
    private(set) var largestSummand: Float = 1

    init(using generator: inout SeededGenerator) throws {
        let groups = [1, 1, 2, 3].pick(&generator)
        let inputs = groups * [1, 2, 3].pick(&generator)
        channels = groups * [1, 2, 4].pick(&generator)
        let kind = Int.random(in: 0..<3, using: &generator)
        spatial = kind == 2 ? 0 : Int.random(in: 1...3, using: &generator)
        input = Shape([2, inputs] + (0..<spatial).map { _ in Int.random(in: 3...6, using: &generator) })
        last = try graph.addInput("x", shape: SymbolicShape(input))
        let hasBias = Bool.random(using: &generator)
        let op: any Operator
        switch kind {
        case 0:
            var conv = Conv()
            (conv.channels, conv.kernel, conv.groups, conv.bias) = (channels, 3, groups, hasBias)
            conv.padding = .same
            op = conv
        case 1:
            var conv = ConvTranspose()
            (conv.channels, conv.kernel, conv.groups, conv.bias) = (channels, 3, groups, hasBias)
            conv.stride = 2
            op = conv
        default:
            var linear = Linear()
            (linear.features, linear.bias) = (channels, hasBias)
            op = linear
        }
        last = try add("layer", op, [last], using: &generator)
    }

    var listing: String {
        graph.nodes.map { "\($0.name) \($0.op.configuration.flow) \($0.inputs)" }.joined(separator: "\n")
    }

    private mutating func add(
        _ name: String, _ op: any Operator, _ inputs: [Graph.ValueID], using generator: inout SeededGenerator
    ) throws -> Graph.ValueID {
        let shape = name == "layer" ? input : Shape([2, channels] + [Int](repeating: 3, count: spatial))
        for specification in try op.parameters(for: [shape]) {
            weights["\(name).\(specification.name)"] = try .random(specification, using: &generator)
        }
        return try graph.addNode(name, op, inputs: inputs)
    }

    /// A batch normalization, or arithmetic with a constant.
    mutating func addStep(using generator: inout SeededGenerator) throws {
        let name = "step\(graph.nodes.count)"
        let choice = Int.random(in: 0..<5, using: &generator)
        if choice == 4 {
            last = try add(name, BatchNorm(), [last], using: &generator)
            return
        }
        let rank = spatial + 2
        let ones = [Int](repeating: 1, count: spatial)
        let shape: Shape = [
            [], [1], Shape([channels] + ones), Shape([1, channels] + ones), Shape([Int](repeating: 1, count: rank)),
        ].pick(&generator)
        let values = (0..<shape.elementCount).map { _ in Float.random(in: 0.5...2, using: &generator) }
        var constant = Constant()
        constant.shape = shape.dimensions
        if Bool.random(using: &generator) {
            constant.values = values.map(Double.init)
        } else {
            weights["\(name)_constant.value"] = try Tensor(values, shape: shape)
        }
        let other = try graph.addNode("\(name)_constant", constant, inputs: [])
        let op: any Operator = [Multiply(), Add(), Subtract(), Divide()][choice]
        let isFirst = choice != 3 && Bool.random(using: &generator)
        if choice != 0 { largestSummand *= 4 }
        last = try graph.addNode(name, op, inputs: isFirst ? [other, last] : [last, other])
    }

    func network() throws -> Network {
        var graph = graph
        try graph.addOutput("y", graph.addNode("y", Relu(), inputs: [last]))
        return Network(name: "chain", graph: graph, inputs: [:], weights: .tensors(weights))
    }
}
