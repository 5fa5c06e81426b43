import TesseraCore
import TesseraNetwork
import TesseraOperators

/// What rounds weights and activations in training, by name with its options.
public struct FakeQuantizerChoice: ModuleChoice {
    public var name: String
    /// What the module itself understands.
    public var options: Configuration

    public init(_ name: String, options: Configuration = .empty) { (self.name, self.options) = (name, options) }

    public static var key: String { "method" }
    public static var noun: String { "quantizer of training" }
    public static var schema: ConfigurationSchema {
        .choice(of: Registry<any FakeQuantizer>.builtin, key: key, isRequired: true)
    }
}

/// How a network is trained for integers of a few bits.
public struct QuantizationDeclaration: Configurable, ConfigurationValue, Equatable {
    public var method = FakeQuantizerChoice(LearnedStepSize.name)
    public var weightBits = 4
    public var activationBits = 4
    /// Of the layers that read the network's inputs, and of those that no other layer with weights reads; 32 for f32.
    public var edgeBits = 8
    public var target = IntegerTarget.auto
    public var auxiliary: AuxiliaryDeclaration?

    public init() {}

    public static let shorthandKey: String? = "method"
    public static let typeDescription = "a quantizer's name, or a map of keys"
    public static let keys: [Key<QuantizationDeclaration>] = [
        Key("method", \.method, "what rounds weights and activations"),
        Key("weight_bits", \.weightBits, "bits of weights, 2 to 8"),
        Key("activation_bits", \.activationBits, "bits of activations, 2 to 8"),
        Key(
            "edge_bits", \.edgeBits,
            "bits in the first and the last layers, which learn their steps whatever the method; 2 to 8, or 32 for f32"),
        Key(
            "target", \.target,
            "the processors that it is for; those without instructions for bytes, avx2, get weights of at most 7 bits"),
        Key("auxiliary", \.auxiliary, "a network with additional convolutions that are not quantized, trained beside"),
    ]

    public func validate() throws {
        for (name, bits) in [("weight_bits", weightBits), ("activation_bits", activationBits)]
        where !(2...8).contains(bits) {
            throw TesseraError(.invalidArgument, "expected '\(name)' from 2 to 8, found \(bits)")
        }
        guard (2...8).contains(edgeBits) || edgeBits == 32 else {
            throw TesseraError(.invalidArgument, "expected 'edge_bits' from 2 to 8, or 32, found \(edgeBits)")
        }
    }
}

/// The auxiliary network of quantization-aware training (METHODS.md E).
public struct AuxiliaryDeclaration: Configurable, ConfigurationValue, Equatable {
    /// Sets of kernels beside each quantized convolution.
    public var width = 1
    public var loss = AuxiliaryLoss()

    public init() {}

    public static let shorthandKey: String? = "width"
    public static let typeDescription = "a number of sets of kernels, or a map of keys"
    public static let keys: [Key<AuxiliaryDeclaration>] = [
        Key("width", \.width, "sets of kernels beside each quantized convolution, each of as many channels as that"),
        Key(
            "loss", \.loss.weight, "the factor of the auxiliary network's loss, beside 1 for that of the quantized one"),
        Key(
            "distillation", \.loss.distillation,
            "the factor of the divergence of the quantized network's probabilities from the auxiliary network's"),
        Key("temperature", \.loss.temperature, "what outputs are divided by before they become probabilities"),
    ]

    public func validate() throws {
        guard (1...8).contains(width) else {
            throw TesseraError(.invalidArgument, "expected a 'width' from 1 to 8, found \(width)")
        }
        guard loss.weight > 0, loss.weight.isFinite, loss.distillation >= 0, loss.distillation.isFinite,
            loss.temperature > 0, loss.temperature.isFinite
        else {
            throw TesseraError(
                .invalidArgument, "expected a 'loss' and a 'temperature' above 0, and a 'distillation' from 0")
        }
    }
}
