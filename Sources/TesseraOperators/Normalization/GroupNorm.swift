import TesseraCore

/// Every group of channels of every picture brought to a mean of 0 and a variance of 1, then scaled channel by channel:
/// (x - mean) / √(variance + epsilon) · weight + bias (Wu and He, 2018).
public struct GroupNorm: AffineNormalization, Equatable {
    public static let name = "group_norm"
    public static let summary = "Normalization over the pixels of groups of channels"

    public var groups = 1
    public var epsilon = 1e-5
    public var affine = true

    public init() {}

    public var isSpatiallyLocal: Bool { false }
    public static let parameterNames = ["weight", "bias"]
    public static let shapes = "[batch, channels, spatial…] → the same shape"
    public static let shorthandKey: String? = "groups"
    public static let keys: [Key<GroupNorm>] = [
        Key(required: "groups", \.groups, "number of groups that channels are divided into"),
        Key("epsilon", \.epsilon, "added to the variance"),
        Key("affine", \.affine, "whether there are a weight and a bias for each channel"),
    ]

    public func validate() throws {
        try requireEpsilon()
        guard groups >= 1 else {
            throw TesseraError(.invalidArgument, "expected 'groups' of at least 1, found \(groups)")
        }
    }

    /// Weights that are given as inputs may stand for groups instead of channels, as in ONNX before version 21.
    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        var op = self
        if inputs.contains(where: { Self.parameterNames.contains($0.role) }) { op.affine = true }
        let resolution = try completed(ControlInputs(inputs).resolution(op))
        guard case .layer(let layer, let kept, var parameters) = resolution, let x = inputs.first?.shape, x.rank >= 2,
            groups > 0, x[1] % groups == 0
        else { return resolution }
        for (name, tensor) in parameters where tensor.shape == [groups] && groups != x[1] {
            let perGroup = x[1] / groups
            parameters[name] = try tensor.elements(at: (0..<x[1]).map { $0 / perGroup }, shape: [x[1]])
        }
        return .layer(layer, inputs: kept, parameters: parameters)
    }

    public func parameters(for inputs: [Shape]) throws -> [ParameterSpecification] {
        guard affine else { return [] }
        _ = try outputShapes(for: inputs)
        let shape: Shape = [inputs[0][1]]
        return [ParameterSpecification("weight", shape, .scale), ParameterSpecification("bias", shape, .bias)]
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        guard inputs[0].rank >= 2, inputs[0][1] % groups == 0 else {
            throw TesseraError(
                .shapeMismatch, "expected an input of batch and channels divisible by \(groups), found \(inputs[0])")
        }
        return inputs
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let shape = try outputShapes(for: inputs.map(\.shape))[0]
        let block = shape[1] / groups * shape.spatial.reduce(1, *)
        var y = Standardization(inputs[0].reals(), block: block, epsilon: epsilon).values
        if affine { try scaleChannels(&y, shape, parameters) }
        return [try Tensor(reals: y, shape: shape, elementType: inputs[0].elementType)]
    }
}
