import TesseraCluster
import TesseraCompression
import TesseraCore
import TesseraNetwork
import TesseraRuntime

/// The weights of a deployment: those of another file, compressed on their way to the nodes, or both:
/// `{file: trained.safetensors, codec: context, bits: 8}`.
public struct WeightsChoice: Configurable, ConfigurationValue, Equatable {
    /// In place of the network's own.
    public var file: String?
    /// Nil to send weights as they are, or as their file has them.
    public var codec: WeightCodecChoice?
    public var bits: Int?
    /// The rest.
    private var layer = LayerCompression()

    public init() {}

    public static let typeDescription = "a weight file, or a map with a file, a codec, or both"
    public static let shorthandKey: String? = "file"

    public static let keys: [Key<WeightsChoice>] = [
        Key("file", \.file, "a weight file in place of the network's own"),
        Key(
            "codec", \.codec,
            "the codec that compresses what goes to nodes, or auto for the best lossless one of each layer"),
        Key("bits", \.bits, "with a codec, bits of the numbers that stand for weights, 1 to 16; 8 if left out"),
        Key("per_channel", \.layer.perChannel, "with a codec, whether each output channel has a range of its own"),
        Key("step", \.layer.step, LayerCompression.stepSummary),
        Key("dead_zone", \.layer.deadZone, LayerCompression.deadZoneSummary),
        Key("dependent", \.layer.dependent, LayerCompression.dependentSummary),
        Key("block", \.layer.block, LayerCompression.blockSummary),
        Key("reorder", \.layer.reorder, LayerCompression.reorderSummary),
    ]

    public func validate() throws {
        try (compression ?? layer).validate()
        guard codec != nil || (bits == nil && layer == LayerCompression()) else {
            throw TesseraError(.invalidArgument, "expected a 'codec' beside how weights are compressed, found none")
        }
    }

    /// How weights are compressed; nil if they are not.
    public var compression: LayerCompression? {
        guard let codec else { return nil }
        var compression = layer
        compression.codec = codec
        compression.bits = bits ?? compression.bits
        return compression
    }

    /// The same with another path.
    func resolved(_ resolve: (String) -> String) -> WeightsChoice {
        var choice = self
        choice.file = file.map(resolve)
        return choice
    }
}

extension Network {
    /// The network as a deployment runs it, and its weights as they travel: compressed as is wanted, which changes them, or else as
    /// their file has them.
    ///
    /// - Parameter inputs: the shapes of inputs, where weights depend on them.
    /// - Throws: what compressing throws.
    public func coded(
        by compression: LayerCompression?, inputs: [String: Shape], modules: Modules, backend: any KernelBackend,
        threads: Int
    ) throws -> (network: Network, weights: CodedWeights) {
        if let compression {
            var settings = CompressionFile()
            settings.layer = compression
            let result = try NetworkCompression(
                self, settings, shapes: inputs, modules: modules, backend: backend, threads: threads
            ).run()
            return (result.network, try CodedWeights(result.weights, of: result.network, inputs: inputs))
        }
        guard case .file(let path) = weights, PathComponents(path).fileExtension == CompressedWeights.fileExtension
        else { return (self, CodedWeights()) }
        let file = try CompressedWeightFile(
            path: path, codecs: modules.weightCodecs, layouts: modules.weightLayouts, threads: threads)
        return (self, try CodedWeights(file, of: self, inputs: inputs))
    }
}

extension CodedWeights {
    /// The layers of a file, for those weights of a network that they stand for: folding may have made others of some. What other nodes
    /// may not decode to the same weight is left out.
    public init(_ file: CompressedWeightFile, of network: Network, inputs: [String: Shape]) throws {
        self.init()
        let tensors = try network.weightsOfLayers(inputs: inputs)
        for (index, layer) in file.index.layers.enumerated() where CompressedWeightDecoder.decodes(layer) {
            guard let tensor = tensors[layer.name], layer.stands(for: tensor) else { continue }
            add(try file.file(of: index), for: tensor)
        }
    }

    public init(_ weights: CompressedWeights, of network: Network, inputs: [String: Shape]) throws {
        let file = try CompressedWeightFile(
            bytes: weights.encoded(), named: "the compressed weights", codecs: .builtin, threads: 1)
        try self.init(file, of: network, inputs: inputs)
    }
}
