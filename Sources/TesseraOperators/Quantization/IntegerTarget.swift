import TesseraCore

/// Which processors integers are to suit.
public enum IntegerTarget: String, Sendable, CaseIterable, ConfigurationChoice {
    /// The one that quantizes.
    case auto
    /// Without instructions for products of bytes: two products are added up in 16 bits, which weights of 7 bits never exceed.
    case avx2
    /// With such instructions: VNNI, AMX.
    case vnni

    /// The bits of a layer's weights whose products can be added up.
    ///
    /// - Parameters:
    ///   - shape: of the weight, output channels first. With one input channel for each output there is nothing to add in pairs.
    ///   - instructionSet: that of the kernels here.
    public func weightBits(for shape: Shape, instructionSet: String) -> Int {
        shape.rank > 2 && shape[1] == 1 ? 8 : weightBits(instructionSet: instructionSet)
    }

    /// The same for any layer.
    public func weightBits(instructionSet: String) -> Int {
        switch self {
        case .vnni: 8
        case .avx2: 7
        case .auto:
            ["vnni", "amx", "bf16"].contains { instructionSet.contains($0) } || instructionSet == "portable" ? 8 : 7
        }
    }
}
