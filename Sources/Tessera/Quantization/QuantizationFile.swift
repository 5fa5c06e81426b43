import TesseraCore
import TesseraNetwork
import TesseraQuantization

/// A calibration method by name with its options: `{method: percentile, percentile: 99.9}`.
public struct CalibrationChoice: ModuleChoice {
    public var name: String
    /// What the method itself understands.
    public var options: Configuration

    public init(_ name: String, options: Configuration = .empty) { (self.name, self.options) = (name, options) }
}

extension CalibrationChoice {
    public static var key: String { "method" }
    public static var noun: String { "calibration method" }
    public static var schema: ConfigurationSchema {
        .choice(of: Modules.builtin.calibrators, key: key, isRequired: true)
    }
}

/// How a network is quantized, and what is measured on samples.
public struct QuantizationFile: Configurable {
    /// Tessera's format version.
    public var version = 1
    /// Files with further modules.
    public var plugins: [String] = []
    public var method = CalibrationChoice("minmax")
    public var quantization = QuantizationSettings()
    /// The part of the multiply-accumulates that may stay in f32, in the layers that suffer most.
    public var floatPart = 0.0
    /// Whether each layer is quantized by itself as well, to see what it costs.
    public var sensitivity = false
    /// Inputs to watch the network with: a file, or a folder.
    public var samples: String?
    /// The most that are used.
    public var count = 128
    /// Labelled inputs to measure the accuracy on, before and after.
    public var evaluate: String?

    public init() {}

    public static let keys: [Key<QuantizationFile>] = [
        Key(required: "tessera", \.version, "the version of the format, 1"),
        Key("plugins", \.plugins, "plugins, scripts or shared libraries, whose modules are known by name here"),
        Key("method", \.method, "what chooses the ranges of activations"),
        Key("weight_bits", \.quantization.weightBits, "bits of weights, 2 to 8"),
        Key("activation_bits", \.quantization.activationBits, "bits of activations, 2 to 8"),
        Key(
            "target", \.quantization.target,
            "the processors that it is for; those without instructions for bytes, avx2, get weights of at most 7 bits"),
        Key("rounding", \.quantization.rounding, "how weights are rounded"),
        Key("correct_bias", \.quantization.correctsBias, "whether biases take back what rounding changes on average"),
        Key("equalize", \.quantization.equalizes, "whether channels are scaled to have the same ranges first"),
        Key("keep", \.quantization.keep, "layers that stay in f32"),
        Key(
            "float_part", \.floatPart,
            "the part of the multiply-accumulates that may stay in f32, where quantization costs most; from 0 to 1"),
        Key("sensitivity", \.sensitivity, "whether to find out what each layer costs by itself"),
        Key("samples", \.samples, "inputs to calibrate with: a file, a folder of them, or of sub-folders of pictures"),
        Key("count", \.count, "the most samples that are used"),
        Key("evaluate", \.evaluate, "labelled samples that accuracy is measured on, before and after"),
    ]

    /// Reads a file; the paths in it become relative to where the process runs.
    public init(path: String) throws {
        try self.init(configuration: YAMLReader.read(path))
        let resolve = PathComponents.resolver(of: path)
        plugins = plugins.map(resolve)
        samples = samples.map(resolve)
        evaluate = evaluate.map(resolve)
    }

    public func validate() throws {
        guard version == 1 else { throw TesseraError(.notSupported, "expected 'tessera: 1', found \(version)") }
        for (name, bits) in [
            ("weight_bits", quantization.weightBits), ("activation_bits", quantization.activationBits),
        ] where !(2...8).contains(bits) {
            throw TesseraError(.invalidArgument, "expected '\(name)' from 2 to 8, found \(bits)")
        }
        guard (0...1).contains(floatPart) else {
            throw TesseraError(.invalidArgument, "expected 'float_part' from 0 to 1, found \(floatPart)")
        }
        guard (1...1_000_000).contains(count) else {
            throw TesseraError(.invalidArgument, "expected 'count' from 1 to 1000000, found \(count)")
        }
    }
}
