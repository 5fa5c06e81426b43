import TesseraCore
import TesseraNetwork
import TesseraOperators
import TesseraPruning
import TesseraRuntime
import TesseraTraining

/// A network that is trained for integers of a few bits: what its convolutions and linear layers read, and their weights, are
/// rounded as integers would round them, while the weights that are trained remain numbers (METHODS.md E).
///
/// What other layers read is not rounded: the shortcuts of residual blocks, and the outputs, stay in f32.
public struct QuantizationAwareNetwork: TrainingForm {
    public let network: Network
    public let derivations: [WeightDerivation]
    public let shared: [String: String]
    public let auxiliary: AuxiliaryLoss?
    private let source: Network
    private let layers: [TrainedLayer]
    private let points: [RoundedValue]
    private let inputs: [String: Shape]
    private let roundingNames: [RoundedValue.Key: String]

    /// - Parameters:
    ///   - source: the network, whose weights it begins with.
    ///   - samples: batches to see activations of, as the network takes them.
    ///   - seed: decides the weights of the auxiliary network.
    ///   - backend: runs `source` on the samples once.
    /// - Throws: `invalidArgument` if there is nothing to quantize, and what running throws.
    public init(
        _ source: Network, _ settings: QuantizationDeclaration, quantizer: any FakeQuantizer, samples: [Tensor],
        seed: Int, backend: any KernelBackend, threads: Int
    ) throws {
        guard let name = source.graph.inputs.first?.name, let input = samples.first else {
            throw TesseraError(.invalidArgument, "expected a network with an input to train, and samples of it")
        }
        inputs = [name: input.shape]
        // Weights that are given as constants become weights of the layers that read them.
        let bound = try source.bound(inputs: inputs)
        let source = try source.rebuilt(ChannelDependencies(bound), weights: [:])
        self.source = source
        _ = try source.bound(inputs: inputs)
        let weights = source.loadedWeights
        layers = TrainedLayer.layers(
            of: source.graph, weights, settings, quantizer: quantizer, instructionSet: backend.instructionSet)
        guard !layers.isEmpty else {
            throw TesseraError(
                .invalidArgument, "'\(source.name)' has no convolutions or linear layers that could be quantized")
        }
        points = try Self.points(
            of: source, weights, layers, samples: samples.map { [name: $0] }, backend: backend, threads: threads)
        auxiliary = settings.auxiliary?.loss
        var builder = QuantizationAwareGraph(source.graph, layers: layers, points: points)
        try builder.addNetwork(rounding: { .fake($0) })
        roundingNames = builder.roundingNames
        var (tensors, shared) = (weights, [String: String]())
        if let declaration = settings.auxiliary {
            var auxiliary = AuxiliaryNetwork(builder, weights: weights, width: declaration.width, seed: seed)
            try auxiliary.add()
            tensors.merge(auxiliary.weights) { $1 }
            shared = auxiliary.shared
            builder = auxiliary.builder
        }
        for point in points {
            guard let learned = point.learned, let name = roundingNames[point.key] else { continue }
            tensors["\(name).\(learned.name)"] = try Tensor([learned.initial], shape: [1])
        }
        self.shared = shared
        network = Network(
            name: source.name, graph: builder.graph, inputs: source.inputs, outputs: source.outputs,
            weights: .tensors(tensors))
        derivations = try layers.map { layer in
            let initial = layer.rule.initial(for: try layer.weight.floats())
            return WeightDerivation(
                weight: "\(layer.name).weight", rule: layer.rule, learned: initial.map { (TrainedLayer.stepName, $0) })
        }
    }

    /// The values that are rounded, and how: their signs, and the steps to begin with, are those that the samples show, unless the layer
    /// that makes a value makes no negative ones.
    private static func points(
        of source: Network, _ weights: [String: Tensor], _ layers: [TrainedLayer], samples: [[String: Tensor]],
        backend: any KernelBackend, threads: Int
    ) throws -> [RoundedValue] {
        let read = Set(layers.map(\.input)).sorted()
        let observed = Network(
            name: source.name, graph: try source.graph.replacingOutputs(read), inputs: source.inputs,
            weights: .tensors(weights))
        let session = try Session(
            observed.bound(inputs: samples[0].mapValues(\.shape)), backend: backend,
            options: CompileOptions(threads: threads))
        var seen = [ActivationSummary](repeating: ActivationSummary(), count: source.graph.values.count)
        for sample in samples {
            let values = try session.run(sample)
            for value in read {
                let name = source.graph.values[value].name
                guard let tensor = values[name] else {
                    throw TesseraError(.notFound, "expected a value '\(name)' to round, found none")
                }
                try locatingErrors(path: name) { try seen[value].add(tensor) }
            }
        }
        let isNeverNegative = source.graph.isNeverNegative
        var found: [RoundedValue.Key: RoundedValue] = [:]
        for layer in layers where found[layer.reads] == nil {
            let summary = seen[layer.input]
            let op = layer.quantizer.activations(
                bits: layer.reads.bits, isSigned: summary.isNegative && !isNeverNegative[layer.input],
                count: summary.sampleCount)
            found[layer.reads] = RoundedValue(
                key: layer.reads, op: op, step: initialStep(meanMagnitude: summary.meanMagnitude, range: op.range))
        }
        return found.values.sorted { ($0.key.value, $0.key.bits) < ($1.key.value, $1.key.bits) }
    }

    public var smallest: [String: Float] {
        let weights = derivations.compactMap { derivation in
            derivation.learned.map { learned in
                (derivation.weight.dropLast("weight".count) + learned.name, learned.initial)
            }
        }
        let values = points.compactMap { point in
            point.learned.flatMap { learned in
                roundingNames[point.key].map { ("\($0).\(learned.name)", learned.initial) }
            }
        }
        return Dictionary(
            (weights.map { (String($0), $1) } + values).map { ($0, $1 * Self.smallestPart) }
        ) { first, _ in first }
    }

    /// Of the step that it begins with, the part that each keeps.
    private static let smallestPart: Float = 0.01

    public var signature: String {
        let bits = layers.map { "\($0.name) \($0.bits)" } + points.map { "\($0.key.value) \($0.op.range)" }
        return bits.joined(separator: ", ")
    }

    /// The network with integers, whose batch normalizations are folded into the scales of weights.
    ///
    /// Integers are those that the network was trained with. What is computed around them is rounded elsewhere.
    public func finished(_ trained: [String: Tensor]) throws -> Network {
        var weights = source.loadedWeights
        for name in weights.keys { weights[name] = trained[name] ?? weights[name] }
        var scales: [RoundedValue.Key: QuantizationScale] = [:]
        for point in points {
            let learned = try roundingNames[point.key].flatMap { name in
                try point.learned.flatMap { try trained["\(name).\($0.name)"]?.floats().first }
            }
            scales[point.key] = point.op.quantization(step: point.op.step(learned))
        }
        var bits: [String: Int] = [:]
        for layer in layers {
            guard let weight = trained["\(layer.name).weight"] else { continue }
            let learned = try trained["\(layer.name).\(TrainedLayer.stepName)"]?.floats().first
            let (integers, scale) = layer.rule.integers(of: try weight.floats(), learned: learned ?? 0)
            let stored = Self.storedBits(integers)
            bits[layer.name] = stored
            let tensor = try Tensor(elements: integers, shape: weight.shape)
            weights["\(layer.name).weight"] =
                stored == 8 ? tensor : try PackedIntegers.packed(tensor, bits: stored)
            weights["\(layer.name).weight_scale"] = try Tensor(
                [Float](repeating: scale, count: weight.shape[0]), shape: [weight.shape[0]])
        }
        var builder = QuantizationAwareGraph(source.graph, layers: layers, points: points)
        try builder.addNetwork(rounding: { .integers(scales[$0.key], storedBits: bits) })
        let network = Network(
            name: source.name, graph: builder.graph, inputs: source.inputs, outputs: source.outputs,
            weights: .tensors(weights))
        let folded = try network.folded()
        return try folded.rebuilt(ChannelDependencies(folded.bound(inputs: inputs)), weights: [:])
    }

    /// The bits in which a file holds integers.
    private static func storedBits(_ integers: [Int8]) -> Int {
        [2, 4].first { bits in
            let range = QuantizationScale.range(of: .i8, bits: bits)
            return integers.allSatisfy { range.contains(Int($0)) }
        } ?? 8
    }
}

/// A layer that is trained for integers.
struct TrainedLayer: Sendable {
    let node: Graph.Node
    let op: any IntegerWeights
    let weight: Tensor
    let quantizer: any FakeQuantizer
    /// Of its weights.
    let bits: Int
    let rule: any IntegerValuedWeights
    /// What it reads, as it is rounded for it.
    let reads: RoundedValue.Key

    var name: String { node.name }
    var input: Graph.ValueID { node.inputs[0] }

    /// The parameter that a learned step of weights is, beside the layer's own.
    static let stepName = "weight_step"

    static func layers(
        of graph: Graph, _ weights: [String: Tensor], _ settings: QuantizationDeclaration,
        quantizer: any FakeQuantizer, instructionSet: String
    ) -> [TrainedLayer] {
        let candidates = graph.nodes.enumerated().filter { _, node in
            guard let op = node.op as? any IntegerWeights else { return false }
            return op.weightBits == 0 && node.inputs.count == 1 && weights["\(node.name).weight"]?.elementType == .f32
        }
        let edges = EdgeLayers(graph, among: Set(candidates.map(\.offset)))
        return candidates.compactMap { id, node in
            guard let op = node.op as? any IntegerWeights, let weight = weights["\(node.name).weight"] else {
                return nil
            }
            let isEdge = edges.contains(id)
            if isEdge && settings.edgeBits == 32 { return nil }
            let own: any FakeQuantizer = isEdge ? LearnedStepSize() : quantizer
            let most = settings.target.weightBits(for: weight.shape, instructionSet: instructionSet)
            let bits = min(isEdge ? settings.edgeBits : settings.weightBits, most)
            return TrainedLayer(
                node: node, op: op, weight: weight, quantizer: own, bits: bits, rule: own.weights(bits: bits),
                reads: RoundedValue.Key(
                    value: node.inputs[0], bits: isEdge ? settings.edgeBits : settings.activationBits, isEdge: isEdge))
        }
    }
}

extension TrainedLayer {
    /// What rounding takes from the weights, multiplied by the factor with which they come closest to what they are rounded to: some methods
    /// give weights another size.
    func roundingError() throws -> Tensor {
        let numbers = try weight.floats()
        let learned = rule.initial(for: numbers) ?? 0
        var result = weight
        try result.withMutableFloats { result in
            numbers.withUnsafeBufferPointer { rule.derive($0, learned: learned, into: result) }
            var (products, squares) = (0.0, 0.0)
            for index in result.indices {
                products += Double(numbers[index]) * Double(result[index])
                squares += Double(numbers[index]) * Double(numbers[index])
            }
            let factor = squares > 0 ? Float(products / squares) : 1
            for index in result.indices { result[index] = factor * numbers[index] - result[index] }
        }
        return result
    }
}

/// What was seen of an activation.
private struct ActivationSummary {
    private(set) var isNegative = false
    /// Elements in one sample.
    private(set) var sampleCount = 1
    private var sum = 0.0
    private var count = 0

    /// - Throws: `invalidArgument` for numbers that are none, or infinite.
    mutating func add(_ tensor: Tensor) throws {
        let (isNegative, sum) = try tensor.withFloats { numbers in
            (numbers.contains { $0 < 0 }, numbers.reduce(0) { $0 + Double($1.magnitude) })
        }
        guard sum.isFinite else {
            throw TesseraError(.invalidArgument, "expected finite activations to train with, found others")
        }
        self.isNegative = self.isNegative || isNegative
        self.sum += sum
        count += tensor.elementCount
        sampleCount = tensor.elementCount / max(1, tensor.shape.dimensions.first ?? 1)
    }

    /// 1 if there was nothing but zeros.
    var meanMagnitude: Float { sum > 0 ? Float(sum / Double(count)) : 1 }
}

extension Graph {
    /// By value: whether the layer that makes it makes no negative numbers, whatever it reads.
    fileprivate var isNeverNegative: [Bool] {
        var result = [Bool](repeating: false, count: values.count)
        for node in nodes {
            let isSo: Bool =
                switch node.op {
                case is Relu, is Relu6, is Sigmoid, is HardSigmoid, is Softmax, is Softplus, is Absolute: true
                case let clip as Clip: (clip.minimum ?? -1) >= 0
                case is MaxPool, is GlobalMaxPool, is AveragePool, is GlobalAveragePool, is Flatten, is Reshape,
                    is Squeeze,
                    is Unsqueeze, is Concat, is Slice, is Transpose, is Add:
                    node.inputs.allSatisfy { result[$0] }
                default: false
                }
            for output in node.outputs { result[output] = isSo }
        }
        return result
    }
}

/// A value as it is rounded for the layers that read it.
struct RoundedValue: Sendable {
    struct Key: Hashable, Sendable {
        var value: Graph.ValueID
        var bits: Int
        /// Whether it is for a first or last layer, whose steps are learned whatever the method.
        var isEdge: Bool
    }

    let key: Key
    let op: FakeQuantize
    /// The step to begin with.
    let step: Float

    var learned: (name: String, initial: Float)? { op.parameter.map { ($0, op.learned(step: step)) } }
}

/// The first and the last of some layers: those that no other one comes before, or after.
struct EdgeLayers {
    private var layers: Set<Graph.NodeID> = []

    init(_ graph: Graph, among candidates: Set<Graph.NodeID>) {
        var follows = [Bool](repeating: false, count: graph.values.count)
        for (id, node) in graph.nodes.enumerated() {
            let hasBefore = node.inputs.contains { follows[$0] }
            if candidates.contains(id) && !hasBefore { layers.insert(id) }
            for output in node.outputs { follows[output] = hasBefore || candidates.contains(id) }
        }
        var precedes = [Bool](repeating: false, count: graph.values.count)
        for (id, node) in graph.nodes.enumerated().reversed() {
            let hasAfter = node.outputs.contains { precedes[$0] }
            if candidates.contains(id) && !hasAfter { layers.insert(id) }
            for input in node.inputs where hasAfter || candidates.contains(id) { precedes[input] = true }
        }
    }

    func contains(_ id: Graph.NodeID) -> Bool { layers.contains(id) }
}
