import TesseraCompression
import TesseraCore
import TesseraNetwork
import TesseraRuntime
import TesseraTraining

/// Compresses the weights of a network as a file or the command line says.
public struct NetworkCompression: Sendable {
    public let network: Network
    public let settings: CompressionFile
    private let modules: Modules
    private let backend: any KernelBackend
    private let threads: Int
    /// The shapes of inputs, where weights depend on them.
    private let shapes: [String: Shape]

    public init(
        _ network: Network, _ settings: CompressionFile, shapes: [String: Shape] = [:], modules: Modules = .builtin,
        backend: any KernelBackend, threads: Int = 1
    ) {
        (self.network, self.settings, self.shapes) = (network, settings, shapes)
        (self.modules, self.backend, self.threads) = (modules, backend, threads)
    }

    /// What came of it.
    public struct Result: Sendable {
        /// The weights, ready to be written.
        public let weights: CompressedWeights
        /// The network with the weights that come back.
        public let network: Network
        public var report: CompressionReport
    }

    /// The codec of tensors that are kept exactly.
    private static let exactCodec = "context"

    /// - Throws: `notFound` for a codec, layout or layer that there is not; `invalidArgument` for weights that are no finite numbers.
    public func run() throws -> Result {
        let (tensors, exact) = try network.compressibleTensors(inputs: shapes)
        try checkNames(tensors)
        // Before threads share the work: functions of a script are called by the thread that runs it.
        let weights = try tensors.map { try settings.settings(of: $0.name).laidOut($0, by: modules.weightLayouts) }
        let quality = try settings.evaluate.map {
            NetworkQuality(file: try TrainingFile(path: $0), backend: backend, threads: threads)
        }
        let before = try quality?.measure(network)
        let exactTensors = try exact.isEmpty ? nil : Self.exactTensors(exact, modules)
        func file(_ layers: [EncodedLayer]) -> CompressedWeights {
            CompressedWeights(layers: layers, exact: exactTensors)
        }
        func decoded(_ layers: [EncodedLayer]) -> Network {
            let tensors = layers.map { ($0.entry.name, $0.decoded) } + exact.map { ($0.name, $0.tensor) }
            return network.replacingWeights(.tensors(Dictionary(tensors) { first, _ in first }))
        }
        let layers: [EncodedLayer]
        if let target = settings.targetBytes {
            layers = try search().run(weights, prefersPrecise: true) { try file($0).encoded().count <= target }
        } else if let drop = settings.targetAccuracyDrop, let quality, let before {
            layers = try search().run(weights, prefersPrecise: false) {
                try before.drop(to: quality.measure(decoded($0))) <= drop
            }
        } else {
            layers = try weights.concurrentlyMapped(threads: threads) { try encode($0) }
        }
        let (compressed, result) = (file(layers), decoded(layers))
        var report = CompressionReport(
            network: network.name, layers: zip(weights, layers).map { .init($0, $1) },
            exactBytes: exact.reduce(0) { $0 + $1.tensor.byteCount },
            exactCount: exact.reduce(0) { $0 + $1.tensor.elementCount },
            codedExactBytes: compressed.index.exact?.byteCount ?? 0, fileBytes: try compressed.encoded().count)
        (report.before, report.after) = (before, try quality?.measure(result))
        return Result(weights: compressed, network: result, report: report)
    }

    private static func exactTensors(
        _ tensors: [(name: String, tensor: Tensor)], _ modules: Modules
    ) throws -> ExactTensors {
        try ExactTensors(tensors, codecName: exactCodec, codec: modules.weightCodecs.make(exactCodec))
    }

    private func search() throws -> CompressionSearch {
        let samples = try settings.samples.map {
            try SampleReader(network).read($0.path, part: $0.part, count: $0.count)
        }
        return CompressionSearch(
            network: network, settings: settings, modules: modules, backend: backend, threads: threads,
            samples: samples,
            shapes: shapes)
    }

    private func checkNames(_ weights: [CompressibleTensor]) throws {
        let names = weights.map(\.name)
        for entry in settings.layers.entries where !names.contains(entry.name) {
            throw TesseraError(
                .notFound, "there is no weight '\(entry.name)' to compress" + suggestion(for: entry.name, among: names),
                path: "layers")
        }
    }

    /// Whether another codec may do what one could not.
    private static func isOfCodec(_ error: TesseraError) -> Bool {
        [.limitExceeded, .notSupported, .backendFailure].contains(error.code)
    }

    private func encode(_ weight: CompressibleTensor) throws -> EncodedLayer {
        let settings = settings.settings(of: weight.name)
        let encoder = LayerEncoder(weight)
        guard settings.codec.name == WeightCodecChoice.auto else {
            return try encoder.encode(
                settings.settings(settings.codec.name, settings.codec.options, modules.weightCodecs))
        }
        var best: EncodedLayer?
        var failure: (any Error)?
        for module in modules.weightCodecs.modules {
            let candidate = try settings.settings(module.name, .empty, modules.weightCodecs)
            guard candidate.codec.isLossless, candidate.codec.unavailability == nil else { continue }
            do {
                let layer = try encoder.encode(candidate)
                if layer.byteCount < best?.byteCount ?? .max { best = layer }
            } catch let error as TesseraError where Self.isOfCodec(error) {
                // A picture that is too large for one format is none for others, and encoders are programs of others that may err.
                failure = error
            }
        }
        guard let best else {
            throw failure ?? TesseraError(.notSupported, "no lossless weight codec is there", path: weight.name)
        }
        return best
    }
}

/// How good a network is on the test pictures of a training file.
public struct NetworkQuality: Sendable {
    let file: TrainingFile
    let backend: any KernelBackend
    let threads: Int

    public init(file: TrainingFile, backend: any KernelBackend, threads: Int) {
        (self.file, self.backend, self.threads) = (file, backend, threads)
    }

    /// Accuracy, or peak signal-to-noise ratio in decibels.
    public struct Measure: Sendable, Encodable {
        /// The part of the pictures whose class has the largest output; nil for restoration.
        public let accuracy: Double?
        public let psnr_db: Double?
        public let loss: Double

        /// The points of accuracy, or decibels, that another measure is lower by.
        func drop(to other: Measure) -> Double {
            if let accuracy, let after = other.accuracy { return (accuracy - after) * 100 }
            return (psnr_db ?? 0) - (other.psnr_db ?? 0)
        }
    }

    public func measure(_ network: Network) throws -> Measure {
        let result = try file.evaluate(network, backend: backend, threads: threads)
        return Measure(accuracy: result.accuracy, psnr_db: result.psnr, loss: result.loss)
    }
}
