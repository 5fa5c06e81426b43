import TesseraCore
import TesseraNetwork
import TesseraPruning

/// How a network is pruned: which channels, how many, and what is measured on samples.
public struct PruningFile: Configurable {
    /// Tessera's format version.
    public var version = 1
    /// Files with further modules.
    public var plugins: [String] = []
    public var metric = SaliencyMetricChoice("l2")
    public var amount = AmountChoice("steepness")
    /// The number of channels that what is kept of a layer is rounded up to a multiple of.
    public var roundTo = 1
    /// Layers that keep all their channels.
    public var keep: [String] = []
    public var schedule = PruningSchedule()
    /// A training file: what follows each step of the schedule; nil for nothing.
    public var retrain: String?
    /// Nil without samples.
    public var samples: SampleSettings?

    public init() {}

    public static let keys: [Key<PruningFile>] = [
        Key(required: "tessera", \.version, "the version of the format, 1"),
        Key("plugins", \.plugins, "plugins, scripts or shared libraries, whose modules are known by name here"),
        Key("metric", \.metric, "what says how much a channel matters"),
        Key("amount", \.amount, "what says how many channels go"),
        Key("round_to", \.roundTo, "the number that kept channels are rounded up to a multiple of"),
        Key("keep", \.keep, "layers that keep all their channels"),
        Key("schedule", \.schedule, "in how many steps channels go"),
        Key("retrain", \.retrain, "a training file; its training follows each step, with what is pruned held at zero"),
        Key("samples", \.samples, "inputs to measure losses and statistics with"),
    ]

    /// Reads a file; the paths in it become relative to where the process runs.
    public init(path: String) throws {
        try self.init(configuration: YAMLReader.read(path))
        let resolve = PathComponents.resolver(of: path)
        plugins = plugins.map(resolve)
        retrain = retrain.map(resolve)
        if let given = samples { samples?.path = resolve(given.path) }
    }

    public func validate() throws {
        guard version == 1 else { throw TesseraError(.notSupported, "expected 'tessera: 1', found \(version)") }
        guard (1...1024).contains(roundTo) else {
            throw TesseraError(.invalidArgument, "expected 'round_to' from 1 to 1024, found \(roundTo)")
        }
    }
}

/// Samples, and what they are for.
public struct SampleSettings: Configurable, Equatable {
    /// A folder, an archive or a .safetensors file; see `SampleReader`.
    public var path = ""
    /// A folder of pictures within it, such as `train`; nil for all.
    public var part: String?
    /// The most that are read.
    public var count = 512
    /// How many run at once.
    public var batch = 128
    public var loss = LossKind.crossEntropy
    /// The output that the loss is of; the only one if left out.
    public var output: String?
    /// Whether batch normalizations measure their statistics anew once channels are gone.
    public var batchNorm = true

    public init() {}

    public init(path: String) { self.path = path }

    public static let shorthandKey: String? = "path"
    public static let keys: [Key<SampleSettings>] = [
        Key(required: "path", \.path, "a folder or an archive of pictures, one folder a class, or a .safetensors file"),
        Key("part", \.part, "a folder within it, such as train"),
        Key("count", \.count, "the most samples that are used"),
        Key("batch", \.batch, "how many run at once"),
        Key("loss", \.loss, "how outputs are compared with what is expected"),
        Key("output", \.output, "the output that is compared; the only one if left out"),
        Key("batch_norm", \.batchNorm, "whether statistics of batch normalizations are measured anew"),
    ]

    public func validate() throws {
        for (name, value) in [("count", count), ("batch", batch)] where !(1...1_000_000).contains(value) {
            throw TesseraError(.invalidArgument, "expected '\(name)' from 1 to 1000000, found \(value)")
        }
    }
}

extension SampleSettings: ConfigurationValue {
    public static var typeDescription: String { "a path, or a map" }
}
