import TesseraCore

/// Which processors integers are to suit.
public enum IntegerTarget: String, Sendable, CaseIterable, ConfigurationChoice {
    /// The one that quantizes.
    case auto
    /// Without instructions for products of bytes: two products are added up in 16 bits, which weights of 7 bits never exceed.
    case avx2
    /// With such instructions: VNNI, AMX.
    case vnni

    /// The bits of weights whose products can be added up.
    ///
    /// - Parameter instructionSet: that of the kernels here.
    func weightBits(instructionSet: String) -> Int {
        switch self {
        case .vnni: 8
        case .avx2: 7
        case .auto:
            ["vnni", "amx", "bf16"].contains { instructionSet.contains($0) } || instructionSet == "portable" ? 8 : 7
        }
    }
}

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
