import TesseraCore
import TesseraOperators

/// How weights are rounded to integers.
public enum WeightRounding: String, Sendable, CaseIterable, ConfigurationChoice {
    case nearest
    /// Up or down, whichever changes the outputs of the layer least: Nagel et al., "Up or Down? Adaptive Rounding for Post-Training
    /// Quantization", 2020.
    case adaround
}

/// How a network is quantized.
public struct QuantizationSettings: Sendable, Equatable {
    /// 2 to 8.
    public var weightBits = 8
    /// 2 to 8.
    public var activationBits = 8
    public var target = IntegerTarget.auto
    public var rounding = WeightRounding.nearest
    /// Whether biases take back what rounding weights changes on average.
    public var correctsBias = true
    /// Whether channels are scaled so that neighbouring layers have the same ranges.
    public var equalizes = false
    /// Layers that stay as they are.
    public var keep: [String] = []

    public init() {}
}
