import TesseraCore

/// Every channel of every picture brought to a mean of 0 and a variance of 1, then scaled:
/// (x - mean) / √(variance + epsilon) · weight + bias (Ulyanov et al., 2016).
public struct InstanceNorm: AffineNormalization, Equatable {
    public static let name = "instance_norm"
    public static let summary = "Normalization over the pixels of each channel"

    public var epsilon = 1e-5
    public var affine = true

    public init() {}

    public var isSpatiallyLocal: Bool { false }
    public static let parameterNames = ["weight", "bias"]
    public static let shapes = "[batch, channels, spatial…] → the same shape"
    public static let keys: [Key<InstanceNorm>] = [
        Key("epsilon", \.epsilon, "added to the variance"),
        Key("affine", \.affine, "whether there are a weight and a bias for each channel"),
    ]

    public func validate() throws { try requireEpsilon() }

    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        var op = self
        if inputs.contains(where: { Self.parameterNames.contains($0.role) }) { op.affine = true }
        return try completed(ControlInputs(inputs).resolution(op))
    }

    public func parameters(for inputs: [Shape]) throws -> [ParameterSpecification] {
        guard affine else { return [] }
        _ = try outputShapes(for: inputs)
        let shape: Shape = [inputs[0][1]]
        return [ParameterSpecification("weight", shape, .scale), ParameterSpecification("bias", shape, .bias)]
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        guard inputs[0].rank >= 2 else {
            throw TesseraError(.shapeMismatch, "expected an input of batch and channels at least, found \(inputs[0])")
        }
        return inputs
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        guard zip(region.ranges, inputs[0].dimensions).dropFirst(2).allSatisfy({ $0.count == $1 }) else {
            throw TesseraError(.notSupported, "'instance_norm' cannot be cut along the axes it takes the mean of")
        }
        let channels = affine && region[1].count < inputs[0][1] ? ["weight", "bias"] : []
        return OperatorTile(
            op: self, inputs: [region],
            parameters: Dictionary(uniqueKeysWithValues: channels.map { ($0, Region([region[1]])) }))
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let shape = inputs[0].shape
        var y = Standardization(inputs[0].reals(), block: shape.spatial.reduce(1, *), epsilon: epsilon).values
        if affine { try scaleChannels(&y, shape, parameters) }
        return [try Tensor(reals: y, shape: shape, elementType: inputs[0].elementType)]
    }
}
