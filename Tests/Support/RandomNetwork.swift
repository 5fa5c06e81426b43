import Tessera
import TesseraCore
import TesseraOperators

/// Random networks over pictures, of layers that are local in space: convolutions and poolings of every kind, residuals,
/// concatenations, padding and slices; and, if wanted, linear layers after them. Weights keep values near 1, so that rounding errors
/// do not grow from layer to layer.
public struct RandomNetwork {
    private var graph = Graph()
    private var shapes: [Shape] = []
    private let largestValue: Int

    /// - Parameters:
    ///   - layers: how many layers it has.
    ///   - largestValue: the elements that no value exceeds.
    ///   - head: whether linear layers follow.
    ///   - extraOutputs: whether values in the middle may be outputs, too.
    public static func make(
        layers: ClosedRange<Int> = 3...12, largestValue: Int = 12_000, head: Bool = false, extraOutputs: Bool = false,
        using generator: inout SeededGenerator
    ) throws -> BoundGraph {
        var network = RandomNetwork(largestValue: largestValue)
        for index in 0..<(Int.random(in: 0..<4, using: &generator) == 0 ? 2 : 1) {
            let shape = network.randomInput(using: &generator)
            _ = try network.graph.addInput("x\(index)", shape: SymbolicShape(shape))
            network.shapes.append(shape)
        }
        let count = Int.random(in: layers, using: &generator)
        while network.graph.nodes.count < count { try network.addLayer(using: &generator) }
        if head { try network.addHead(using: &generator) }
        try network.addOutputs(extra: extraOutputs, using: &generator)
        return try BoundGraph(network.graph, inputs: [:]) { _, specification in
            try .moderate(specification, using: &generator)
        }
    }

    private init(largestValue: Int) { self.largestValue = largestValue }

    private func randomInput(using generator: inout SeededGenerator) -> Shape {
        let sizes = [1, 2, 3, 4, 5, 7, 8, 11, 13, 16, 17, 19, 23, 29, 31, 32, 37]
        while true {
            let shape = Shape([
                [1, 1, 1, 2, 3].pick(&generator), [1, 2, 3, 4, 7, 8, 16, 16, 24, 32].pick(&generator),
                sizes.pick(&generator), sizes.pick(&generator),
            ])
            if shape.elementCount <= largestValue { return shape }
        }
    }

    /// Adds a random layer over what is there, most often over the latest value. Draws again until one fits.
    private mutating func addLayer(using generator: inout SeededGenerator) throws {
        while true {
            let source =
                Int.random(in: 0..<4, using: &generator) > 0
                ? shapes.count - 1 : Int.random(in: 0..<shapes.count, using: &generator)
            let (op, inputs) = draw(source, using: &generator)
            guard (try? op.validate()) != nil, op.inputCount.contains(inputs.count),
                let shape = try? op.outputShapes(for: inputs.map { shapes[$0] })[0],
                shape.dimensions.allSatisfy({ $0 > 0 }), shape.elementCount <= largestValue, shape[1] <= 64
            else { continue }
            try append(op, over: inputs)
            return
        }
    }

    /// Adds linear layers over the latest value, with what stands before, between and after such layers.
    private mutating func addHead(using generator: inout SeededGenerator) throws {
        func perhaps() -> Bool { Bool.random(using: &generator) }
        if perhaps() { try append([GlobalAveragePool(), GlobalMaxPool()].pick(&generator)) }
        try append(Flatten())
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            var linear = Linear()
            linear.features = [1, 3, 10, 16, 17, 32, 48, 64, 100, 128, 200, 256].pick(&generator)
            linear.bias = perhaps()
            try append(linear)
            let first = shapes.count - 1
            if perhaps() { try append(BatchNorm()) }
            if perhaps() { try append(Self.activations.pick(&generator)) }
            if perhaps() { try append(Add(), over: [first, shapes.count - 1]) }
        }
        if perhaps() { try append(Softmax()) }
    }

    private mutating func append(_ op: any Operator, over inputs: [Graph.ValueID]? = nil) throws {
        let inputs = inputs ?? [shapes.count - 1]
        let shape = try op.outputShapes(for: inputs.map { shapes[$0] })[0]
        try graph.addNode("\(op.name)\(graph.nodes.count)", op, inputs: inputs)
        shapes.append(shape)
    }

    private func draw(_ source: Int, using generator: inout SeededGenerator) -> (any Operator, [Graph.ValueID]) {
        switch Int.random(in: 0..<24, using: &generator) {
        case 0...5: (Conv.random(over: shapes[source], using: &generator), [source])
        case 6: (MaxPool.random(using: &generator), [source])
        case 7: (AveragePool.random(using: &generator), [source])
        case 8: (BatchNorm(), [source])
        case 9: (Relu(), [source])
        case 10: (LeakyRelu(), [source])
        case 11: (Pad.random(using: &generator), [source])
        case 12: (Slice.random(over: shapes[source], using: &generator), [source])
        case 13: (Add(), [source, partner(of: source, using: &generator)])
        case 14:
            ([Subtract(), Multiply(), Maximum()].pick(&generator), [source, partner(of: source, using: &generator)])
        case 15, 16: (Self.activations.pick(&generator), [source])
        case 17: (Self.moves.pick(&generator), [source])
        case 18: (ConvTranspose.random(over: shapes[source], using: &generator), [source])
        case 19: (Resize.random(using: &generator), [source])
        case 20: (LocalResponseNorm.random(using: &generator), [source])
        case 21: (Softmax(), [source])
        default: drawConcat(source, using: &generator)
        }
    }

    private static let activations: [any Operator] = [
        Relu6(), Clip(minimum: -0.5, maximum: 0.75), Elu(), Sigmoid(), HardSwish(), Tanh(), Softplus(), Gelu(), Mish(),
        Swish(), Prelu(), Absolute(), Negate(), Exp(), Softsign(),
    ]

    /// What puts pixels and channels in other places, or brings channels together.
    private static let moves: [any Operator] = [
        DepthToSpace(block: 2), DepthToSpace(block: 2, mode: .crd), DepthToSpace(block: 3), SpaceToDepth(block: 2),
        Transpose(order: [1, 0, 2, 3]), Reduce(.mean, axes: [1]), Reduce(.max, axes: [0]),
        Repeat(repeats: [1, 2, 2, 1]),
        Pad(axes: [2, 3], before: [1, 2], after: [3, 0], mode: .reflect),
        Pad(axes: [2, 3], before: [2, 1], after: [0, 2], mode: .edge), Slice(axes: [3, 1], steps: [-1, -2]),
    ]

    /// Another value that can be added to it, or the value itself.
    private func partner(of source: Int, using generator: inout SeededGenerator) -> Int {
        let fitting = shapes.indices.filter { (try? Add().outputShapes(for: [shapes[source], shapes[$0]])) != nil }
        return fitting.pick(&generator)
    }

    private func drawConcat(_ source: Int, using generator: inout SeededGenerator) -> (any Operator, [Graph.ValueID]) {
        var op = Concat()
        op.axis = [0, 1, 1, 1, 1, 2, 3, -1].pick(&generator)
        let fitting = shapes.indices.filter { (try? op.outputShapes(for: [shapes[source], shapes[$0]])) != nil }
        let others = (0..<Int.random(in: 1...2, using: &generator)).map { _ in fitting.pick(&generator) }
        return (op, [source] + others)
    }

    /// The last value, every value that nobody reads, and perhaps some in the middle: one that is read as well, an input.
    private mutating func addOutputs(extra: Bool, using generator: inout SeededGenerator) throws {
        let unread = graph.consumers.indices.filter { graph.consumers[$0].isEmpty }
        for value in unread where extra || value == shapes.count - 1 { try graph.addOutput("out\(value)", value) }
        guard extra else { return }
        for index in 0..<Int.random(in: 0...2, using: &generator) {
            try graph.addOutput("extra\(index)", Int.random(in: 0..<shapes.count, using: &generator))
        }
    }
}

extension BoundGraph {
    /// A random tensor for every input.
    public func randomInputs(using generator: inout SeededGenerator) throws -> [String: Tensor] {
        var tensors: [String: Tensor] = [:]
        for input in graph.inputs { tensors[input.name] = try .random(shapes[input.value], using: &generator) }
        return tensors
    }

    /// One line for each layer, enough to build it again by hand.
    public var listing: String {
        let inputs = graph.inputs.map { "\($0.name) \(shapes[$0.value])" }
        let layers = graph.nodes.map { node in
            let sources = node.inputs.map { graph.values[$0].name }.joined(separator: ", ")
            return "\(node.name) \(node.op.configuration.flow) (\(sources)) -> \(shapes[node.outputs[0]])"
        }
        return (inputs + layers).joined(separator: "\n")
    }
}

extension Tensor {
    /// Values with which a layer's output is about as large as its input.
    static func moderate(_ specification: ParameterSpecification, using generator: inout SeededGenerator) throws
        -> Tensor
    {
        guard case .weight(let fanIn) = specification.role else { return try .random(specification, using: &generator) }
        let bound = (3 / Float(fanIn)).squareRoot()
        let values = (0..<specification.shape.elementCount).map { _ in
            Float.random(in: -bound...bound, using: &generator)
        }
        return try Tensor(values, shape: specification.shape)
    }
}

extension Collection where Index == Int {
    /// One of the elements.
    public func pick(_ generator: inout SeededGenerator) -> Element {
        self[Int.random(in: startIndex..<endIndex, using: &generator)]
    }
}
