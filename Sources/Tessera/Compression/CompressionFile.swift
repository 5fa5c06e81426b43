import TesseraCompression
import TesseraCore
import TesseraNetwork

/// A weight codec by name with its options: `{codec: hevc, quality: 70}`. `auto` tries all lossless ones.
public struct WeightCodecChoice: ModuleChoice {
    public var name: String
    /// What the codec itself understands.
    public var options: Configuration

    public init(_ name: String, options: Configuration = .empty) { (self.name, self.options) = (name, options) }

    /// Of each layer, the lossless codec that makes it smallest.
    public static let auto = "auto"

    /// Sets an option of the codec.
    ///
    /// - Throws: `invalidArgument` if there is no codec that it could be of.
    public mutating func set(_ option: String, _ value: Configuration) throws {
        guard name != Self.auto else {
            throw TesseraError(.invalidArgument, "'\(option)' is for a codec, found '\(name)'")
        }
        let others = try options.entries().filter { $0.key != option }
        options = Configuration(.map(others + [.init(option, value)]), at: options.location)
    }
}

extension WeightCodecChoice {
    public static var key: String { "codec" }
    public static var noun: String { "weight codec" }
    public static var schema: ConfigurationSchema {
        .either([.choice([auto]), .choice(of: Modules.builtin.weightCodecs, key: key, isRequired: true)])
    }
}

/// How the weights of a network are compressed.
public struct CompressionFile: Configurable {
    /// Tessera's format version.
    public var version = 1
    /// Files with further modules.
    public var plugins: [String] = []
    public var layer = LayerCompression()
    /// Layers that are compressed otherwise, by the names of their weights.
    public var layers = LayerCompressions(entries: [])
    /// A training file whose test pictures accuracy is measured on, before and after.
    public var evaluate: String?
    /// In place of steps and qualities: the most bytes of the file, or the most points of accuracy, or decibels, that may be lost.
    public var targetBytes: Int?
    public var targetAccuracyDrop: Double?
    /// Inputs that show how much each layer matters.
    public var samples: SampleSettings?

    public init() {}

    public static let keys: [Key<CompressionFile>] = [
        Key(required: "tessera", \.version, "the version of the format, 1"),
        Key("plugins", \.plugins, "plugins, scripts or shared libraries, whose modules are known by name here"),
        Key("codec", \.layer.codec, "the codec, or auto for the lossless one that makes each layer smallest"),
        Key("bits", \.layer.bits, "bits of the numbers that stand for weights, 1 to 16"),
        Key("per_channel", \.layer.perChannel, "whether each output channel has a range of its own"),
        Key("step", \.layer.step, LayerCompression.stepSummary),
        Key("dead_zone", \.layer.deadZone, LayerCompression.deadZoneSummary),
        Key("dependent", \.layer.dependent, LayerCompression.dependentSummary),
        Key("layout", \.layer.layout, LayerCompression.layoutSummary),
        Key("block", \.layer.block, LayerCompression.blockSummary),
        Key("reorder", \.layer.reorder, LayerCompression.reorderSummary),
        Key("layers", \.layers, "layers that are compressed otherwise, by the names of their weights"),
        Key("evaluate", \.evaluate, "a training file, whose test pictures accuracy is measured on"),
        Key("target_bytes", \.targetBytes, "the most bytes of the file: steps or qualities are chosen for each layer"),
        Key(
            "target_accuracy_drop", \.targetAccuracyDrop,
            "the most points of accuracy, or decibels, that may be lost: steps or qualities are chosen for each layer"),
        Key("samples", \.samples, "inputs that show how much each layer matters, for targets"),
    ]

    /// Reads a file; the paths in it become relative to where the process runs.
    public init(path: String) throws {
        try self.init(configuration: YAMLReader.read(path))
        let resolve = PathComponents.resolver(of: path)
        plugins = plugins.map(resolve)
        evaluate = evaluate.map(resolve)
        if let given = samples { samples?.path = resolve(given.path) }
    }

    public func validate() throws {
        guard version == 1 else { throw TesseraError(.notSupported, "expected 'tessera: 1', found \(version)") }
        try layer.validate()
        let hasTarget = targetBytes != nil || targetAccuracyDrop != nil
        for layer in [layer] + layers.entries.map(\.settings) where layer.dependent && layer.step == nil && !hasTarget {
            throw TesseraError(.invalidArgument, "'dependent' needs a 'step', or a target, which chooses steps")
        }
        guard targetBytes == nil || targetAccuracyDrop == nil else {
            throw TesseraError(.invalidArgument, "expected 'target_bytes' or 'target_accuracy_drop', found both")
        }
        if hasTarget {
            guard layer.step == nil, layers.entries.allSatisfy({ $0.settings.step == nil }) else {
                throw TesseraError(.invalidArgument, "expected 'step' or a target, which chooses steps, found both")
            }
        }
        if let targetBytes, targetBytes < 1 {
            throw TesseraError(.invalidArgument, "expected 'target_bytes' of at least 1, found \(targetBytes)")
        }
        if let drop = targetAccuracyDrop {
            guard drop >= 0, drop.isFinite else {
                throw TesseraError(.invalidArgument, "expected 'target_accuracy_drop' of at least 0, found \(drop)")
            }
            guard evaluate != nil else {
                throw TesseraError(
                    .invalidArgument, "'target_accuracy_drop' needs 'evaluate', a training file to measure with")
            }
        }
        try samples?.validate()
    }

    /// How a weight is compressed.
    func settings(of weight: String) -> LayerCompression {
        layers.entries.first { $0.name == weight }?.settings ?? layer
    }
}

/// How one layer is compressed.
public struct LayerCompression: Configurable, Equatable {
    public var codec = WeightCodecChoice(WeightCodecChoice.auto)
    public var bits = 8
    public var perChannel = false
    /// Of a grid through zero, as a part of the root mean square of the weights; nil for intervals between the extremes.
    public var step: Double?
    /// Of that grid, as a part of a step.
    public var deadZone = 0.0
    /// Whether there are two such grids that take turns, see `DependentState`.
    public var dependent = false
    /// How weights become samples; nil for what suits the codec.
    public var layout: WeightLayoutChoice?
    /// Input channels, output channels, and columns and rows of kernels if these are cut.
    public var block = [32, 32]
    public var reorder = false

    public init() {}

    static let stepSummary =
        "in place of 'bits', the step of a grid through zero, as a part of the root mean square of a layer's weights"
    static let deadZoneSummary =
        "of a grid, the part of a step by which more weights are rounded towards 0, from 0 to 0.5: it takes fewer bits"
    static let dependentSummary =
        "whether two grids take turns, by the numbers of the weights before: smaller errors for the same bytes"
    static let layoutSummary = "the order in which weights become samples, in place of the one that suits the codec"
    static let blockSummary =
        "of films, the input and output channels of each frame, and columns and rows of kernels unless whole ones"
    static let reorderSummary = "whether output channels of similar size are put next to each other where that pays"

    public static let keys: [Key<LayerCompression>] = [
        Key("codec", \.codec, "the codec, or auto for the lossless one that makes the layer smallest"),
        Key("bits", \.bits, "bits of the numbers that stand for weights, 1 to 16"),
        Key("per_channel", \.perChannel, "whether each output channel has a range of its own"),
        Key("step", \.step, stepSummary),
        Key("dead_zone", \.deadZone, deadZoneSummary),
        Key("dependent", \.dependent, dependentSummary),
        Key("layout", \.layout, layoutSummary),
        Key("block", \.block, blockSummary),
        Key("reorder", \.reorder, reorderSummary),
    ]

    public func validate() throws {
        guard (1...16).contains(bits) else {
            throw TesseraError(.invalidArgument, "expected 'bits' from 1 to 16, found \(bits)")
        }
        if let step, !(step > 0 && step.isFinite) {
            throw TesseraError(.invalidArgument, "expected 'step' above 0, found \(step)")
        }
        guard (0...0.5).contains(deadZone) else {
            throw TesseraError(.invalidArgument, "expected 'dead_zone' from 0 to 0.5, found \(deadZone)")
        }
        guard !dependent || (deadZone == 0 && !perChannel) else {
            throw TesseraError(
                .invalidArgument, "expected 'dependent' without 'dead_zone' and 'per_channel', found it with one")
        }
        _ = try WeightBlock(sizes: block)
    }

    /// A weight in the layout that is chosen for it.
    ///
    /// - Throws: `notFound` if there is no such layout, and what is wrong with its options or frames.
    func laidOut(
        _ weight: CompressibleTensor, by layouts: Registry<any WeightLayout>
    ) throws -> CompressibleTensor {
        guard let layout else { return weight }
        var options = try layout.options.entries()
        // Blocks are as large as those of films, unless they say otherwise.
        if layout.name == BlockLayout.name, layout.options["block"] == nil {
            options.append(.init("block", block.configuration))
        }
        return try weight.laidOut(
            as: layout.name, Configuration(.map(options), at: layout.options.location), by: layouts)
    }

    /// The settings for a codec.
    func settings(_ name: String, _ options: Configuration, _ codecs: Registry<any WeightCodec>) throws -> LayerSettings
    {
        var settings = LayerSettings(
            name, try codecs.make(name, options), quality: try options["quality"].map { try Int(configuration: $0) })
        settings.rounding =
            step.map { dependent ? .dependent(step: $0) : .grid(step: $0, deadZone: deadZone) }
            ?? .intervals(bits: bits, perChannel: perChannel)
        settings.block = try WeightBlock(sizes: block)
        settings.reorders = reorder
        return settings
    }
}

/// Settings of single layers, by the names of their weights: `{conv1.weight: {codec: png, bits: 8}}`.
public struct LayerCompressions: ConfigurationValue, Equatable, Sendable {
    public struct Entry: Equatable, Sendable {
        public let name: String
        public let settings: LayerCompression
    }

    public var entries: [Entry]

    public init(entries: [Entry]) { self.entries = entries }

    public init(configuration: Configuration) throws {
        entries = try configuration.entries(expecting: "a map of weights and how each is compressed").map { entry in
            try locatingErrors(path: entry.key, at: entry.value.location) {
                Entry(name: entry.key, settings: try LayerCompression(configuration: entry.value))
            }
        }
    }

    public var configuration: Configuration {
        .map(entries.map { ($0.name, $0.settings.configuration) })
    }
    public static var typeDescription: String { "a map of weights and how each is compressed" }
    public static var schema: ConfigurationSchema { .entries(ConfigurationSchema(LayerCompression.self)) }
}
