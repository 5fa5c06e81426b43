import TesseraCore
import TesseraNetwork
import TesseraOperators
import TesseraRuntime

/// Quantizes a network after training: watches inferences in f32, then chooses scales and rounds weights.
///
/// ```swift
/// var quantizer = try NetworkQuantizer(network, inputs: ["image": [1, 3, 224, 224]], backend: OneDNNBackend())
/// for picture in pictures { try quantizer.observe(["image": picture]) }
/// let small = try quantizer.quantized(with: MinMax()).network
/// ```
///
/// Every `conv` and `linear` layer gets weights of integers with a scale for each output channel. What it reads is quantized, u8 with one
/// scale and a zero point for the whole value. Layers that only move elements keep the scale of what they read.
public struct NetworkQuantizer: Sendable {
    public let settings: QuantizationSettings
    let backend: any KernelBackend
    let options: CompileOptions
    var source: QuantizableNetwork
    /// By value.
    private var histograms: [Graph.ValueID: ActivationHistogram] = [:]
    private var means: [Graph.ValueID: ChannelMeans] = [:]
    /// Inferences that were watched.
    public private(set) var inferenceCount = 0
    /// Samples in them.
    public private(set) var sampleCount = 0
    private var sessions: (shapes: [String: Shape], session: Session)?
    /// The first of the inferences that were watched, for what needs several passes.
    private(set) var samples: [[String: Tensor]] = []
    /// How many samples are kept.
    public var sampleLimit = 32

    /// - Parameter inputs: the shape of every input.
    /// - Throws: `notFound` for a layer to keep that cannot be quantized anyway, and what binding throws.
    public init(
        _ network: Network, inputs: [String: Shape], settings: QuantizationSettings = QuantizationSettings(),
        backend: any KernelBackend, options: CompileOptions = CompileOptions()
    ) throws {
        (self.settings, self.backend, self.options) = (settings, backend, options)
        for (bits, name) in [(settings.weightBits, "weights"), (settings.activationBits, "activations")] {
            guard (2...8).contains(bits) else {
                throw TesseraError(.invalidArgument, "expected 2 to 8 bits for \(name), found \(bits)")
            }
        }
        source = try QuantizableNetwork(network, inputs: inputs)
        for name in settings.keep where !source.layers.contains(where: { $0.name == name }) {
            throw TesseraError(
                .notFound,
                "no layer '\(name)' can be quantized" + suggestion(for: name, among: source.layers.map(\.name)))
        }
        if settings.equalizes { source = try source.equalized() }
    }

    /// The layers that can be quantized, in order of execution.
    public var layerNames: [String] { source.layers.map(\.name) }

    /// Those that are, unless others are asked for.
    public var quantizedNames: [String] { layerNames.filter { !settings.keep.contains($0) } }

    // MARK: Calibration

    /// Runs one inference in f32, and takes note of its activations.
    ///
    /// - Throws: `invalidArgument` for activations that are no finite numbers, and what running throws.
    public mutating func observe(_ inputs: [String: Tensor]) throws {
        let layers = Set(source.layers.map(\.id))
        let points = QuantizationPoints(source.graph, layers: layers)
        let watched = points.values.union(source.layers.map(\.input)).sorted()
        let shapes = inputs.mapValues(\.shape)
        if sessions?.shapes != shapes {
            let graph = try source.showing(watched).bound(inputs: shapes)
            sessions = (shapes, try Session(graph, backend: backend, options: options))
        }
        guard let session = sessions?.session else { return }
        let values = try session.run(inputs)
        for value in watched {
            let name = source.graph.values[value].name
            guard let tensor = values[name] else { continue }
            try locatingErrors(path: name) { try histograms[value, default: ActivationHistogram()].add(tensor) }
        }
        for layer in source.layers where settings.correctsBias {
            guard let tensor = values[source.graph.values[layer.input].name] else { continue }
            let axis = layer.op is Conv ? 1 : tensor.shape.rank - 1
            // Layers that read the same value have the same means.
            guard source.layers.first(where: { $0.input == layer.input })?.id == layer.id else { continue }
            try means[layer.input, default: ChannelMeans()].add(tensor, axis: axis)
        }
        inferenceCount += 1
        let count = inputs.values.first?.shape.dimensions.first ?? 1
        sampleCount += count
        if sampleCount <= max(sampleLimit, count) { samples.append(inputs) }
    }

    // MARK: Result

    /// A network with integers, and how it came about.
    public struct Result: Sendable {
        public let network: Network
        public let layers: [QuantizedLayer]
        /// By the names of the values.
        public let activations: [(name: String, scale: QuantizationScale)]
    }

    /// The network with integers in place of numbers.
    ///
    /// - Parameter names: the layers that are quantized; nil for all that are not to be kept.
    /// - Throws: `invalidArgument` if nothing was observed.
    public func quantized(with calibrator: any Calibrator, layers names: [String]? = nil) throws -> Result {
        guard inferenceCount > 0 else {
            throw TesseraError(.invalidArgument, "expected inferences to calibrate with, found none")
        }
        let chosen = Set(names ?? quantizedNames)
        let layers = source.layers.filter { chosen.contains($0.name) }
        let points = QuantizationPoints(source.graph, layers: Set(layers.map(\.id)))
        let scales = try scales(of: points, calibrator)
        let weights = try layers.map { layer in
            try locatingErrors(path: layer.name) { try quantizedWeights(of: layer, reads: scales[layer.input]) }
        }
        let network = try QuantizedGraph(source: source, scales: scales, layers: weights).network()
        let names = source.graph.values.map(\.name)
        return Result(
            network: network, layers: weights, activations: scales.sorted { $0.key < $1.key }.map { (names[$0], $1) })
    }

    private func scales(
        of points: QuantizationPoints, _ calibrator: any Calibrator
    ) throws -> [Graph.ValueID: QuantizationScale] {
        var result: [Graph.ValueID: QuantizationScale] = [:]
        for group in points.groups {
            let ranges = try group.compactMap { value in
                try histograms[value].map { try calibrator.range(of: $0, bits: settings.activationBits) }
            }
            guard let low = ranges.map(\.lowerBound).min(), let high = ranges.map(\.upperBound).max() else { continue }
            let scale = QuantizationScale.covering(low...high, bits: settings.activationBits)
            for value in group { result[value] = scale }
        }
        return result
    }

    private func quantizedWeights(
        of layer: QuantizableNetwork.Layer, reads scale: QuantizationScale?
    ) throws -> QuantizedLayer {
        let most = settings.target.weightBits(for: layer.weight.shape, instructionSet: backend.instructionSet)
        let quantizer = WeightQuantizer(bits: min(settings.weightBits, most))
        let scales = try quantizer.scales(for: layer.weight)
        var integers = try quantizer.integers(for: layer.weight, scales: scales)
        if settings.rounding == .adaround {
            integers = try rounded(layer, quantizer, scales, reads: scale) ?? integers
        }
        var result = QuantizedLayer(
            name: layer.name, bits: quantizer.bits, storedBits: quantizer.storedBits, integers: integers,
            scales: scales, bias: try layer.bias?.floats(), input: source.graph.values[layer.input].name, reads: scale)
        result.weightError = try SignalRatio(of: result.numbers, against: layer.weight).decibels
        if settings.correctsBias, let means = means[layer.input]?.means {
            try result.correctBias(layer, means: means)
        }
        result.roundBias()
        return result
    }
}
