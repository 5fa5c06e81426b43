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

    /// - Parameters:
    ///   - source: the network, whose weights it begins with.
    ///   - input: samples to see activations of, as the network takes them.
    ///   - seed: decides the weights of the auxiliary network.
    ///   - backend: runs `source` on the samples once.
    /// - Throws: `invalidArgument` if there is nothing to quantize, and what running throws.
    public init(
        _ source: Network, _ settings: QuantizationDeclaration, quantizer: any FakeQuantizer, input: Tensor,
        seed: Int, backend: any KernelBackend, threads: Int
    ) throws {
        guard let name = source.graph.inputs.first?.name else {
            throw TesseraError(.invalidArgument, "expected a network with an input to train")
        }
        self.source = source
        inputs = [name: input.shape]
        let bound = try source.bound(inputs: inputs)
        let weights = source.loadedWeights
        let mostBits = settings.target.weightBits(instructionSet: backend.instructionSet)
        layers = try TrainedLayer.layers(
            of: source.graph, weights, settings, quantizer: quantizer, mostBits: mostBits)
        guard !layers.isEmpty else {
            throw TesseraError(
                .invalidArgument, "'\(source.name)' has no convolutions or linear layers that could be quantized")
        }
        points = try Self.points(
            of: source, weights, layers, input: [name: input], bound, backend: backend, threads: threads)
        auxiliary = settings.auxiliary?.loss
        var builder = QuantizationAwareGraph(source.graph, layers: layers, points: points)
        try builder.addNetwork(rounding: { .fake($0) })
        var (tensors, shared) = (weights, [String: String]())
        if let declaration = settings.auxiliary {
            var auxiliary = AuxiliaryNetwork(builder, weights: weights, width: declaration.width, seed: seed)
            try auxiliary.add()
            tensors.merge(auxiliary.weights) { $1 }
            shared = auxiliary.shared
            builder = auxiliary.builder
        }
        for point in points {
            guard let learned = point.learned, let name = builder.roundingNames[point.key] else { continue }
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

    /// The values that are rounded, and how: their signs, and the steps to begin with, are those that the samples show.
    private static func points(
        of source: Network, _ weights: [String: Tensor], _ layers: [TrainedLayer], input: [String: Tensor],
        _ bound: BoundGraph, backend: any KernelBackend, threads: Int
    ) throws -> [RoundedValue] {
        let read = Set(layers.map(\.input)).sorted()
        let observed = Network(
            name: source.name, graph: try source.graph.replacingOutputs(read), inputs: source.inputs,
            weights: .tensors(weights))
        let session = try Session(
            observed.bound(inputs: input.mapValues(\.shape)), backend: backend,
            options: CompileOptions(threads: threads))
        let values = try session.run(input)
        var found: [RoundedValue.Key: RoundedValue] = [:]
        for layer in layers where found[layer.reads] == nil {
            let name = source.graph.values[layer.input].name
            guard let tensor = values[name] else { continue }
            let (isSigned, mean) = try tensor.withFloats { numbers in
                (
                    numbers.contains { $0 < 0 },
                    numbers.reduce(0) { $0 + Double($1.magnitude) } / Double(max(1, numbers.count))
                )
            }
            guard mean.isFinite else {
                throw TesseraError(
                    .invalidArgument, "expected finite activations to train with, found others", path: name)
            }
            let op = layer.quantizer.activations(
                bits: layer.reads.bits, isSigned: isSigned,
                count: tensor.elementCount / max(1, tensor.shape.dimensions.first ?? 1))
            found[layer.reads] = RoundedValue(
                key: layer.reads, op: op, step: initialStep(meanMagnitude: Float(mean), range: op.range))
        }
        return found.values.sorted { ($0.key.value, $0.key.bits) < ($1.key.value, $1.key.bits) }
    }

    /// The network with integers, whose batch normalizations are folded into the scales of weights.
    ///
    /// Integers are those that the network was trained with. What is computed around them is rounded elsewhere.
    public func finished(_ trained: [String: Tensor]) throws -> Network {
        let names = try roundingNames()
        var weights = source.loadedWeights
        for name in weights.keys { weights[name] = trained[name] ?? weights[name] }
        var scales: [RoundedValue.Key: QuantizationScale] = [:]
        for point in points {
            let learned = try names[point.key].flatMap { name in
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

    private func roundingNames() throws -> [RoundedValue.Key: String] {
        var builder = QuantizationAwareGraph(source.graph, layers: layers, points: points)
        try builder.addNetwork(rounding: { .fake($0) })
        return builder.roundingNames
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
    let rule: any IntegerValuedWeights
    /// What it reads, as it is rounded for it.
    let reads: RoundedValue.Key

    var name: String { node.name }
    var input: Graph.ValueID { node.inputs[0] }

    /// The parameter that a learned step of weights is, beside the layer's own.
    static let stepName = "weight_step"

    /// - Parameter mostBits: of weights whose products are added up in pairs.
    static func layers(
        of graph: Graph, _ weights: [String: Tensor], _ settings: QuantizationDeclaration,
        quantizer: any FakeQuantizer, mostBits: Int
    ) throws -> [TrainedLayer] {
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
            let isAlone = weight.shape.rank > 2 && weight.shape[1] == 1
            let bits = min(isEdge ? settings.edgeBits : settings.weightBits, isAlone ? 8 : mostBits)
            return TrainedLayer(
                node: node, op: op, weight: weight, quantizer: own, rule: own.weights(bits: bits),
                reads: RoundedValue.Key(
                    value: node.inputs[0], bits: isEdge ? settings.edgeBits : settings.activationBits, isEdge: isEdge))
        }
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
