import TesseraCore

/// All elements from an axis on brought to a mean of 0 and a variance of 1, then scaled element by element:
/// (x - mean) · inverse_deviation · weight + bias, with inverse_deviation = 1 / √(variance + epsilon) (Ba et al., 2016).
///
/// Weight and bias have the shape of the axes that the mean is taken of; in the other outputs these have size 1.
public struct LayerNorm: AffineNormalization, Equatable {
    public static let name = "layer_norm"
    public static let summary = "Normalization over the last axes"

    public var axis = -1
    public var epsilon = 1e-5
    public var affine = true
    public var bias = true

    public init() {}

    public var isSpatiallyLocal: Bool { false }
    public static let parameterNames = ["weight", "bias"]
    public var outputNames: [String] { ["output", "mean", "inverse_deviation"] }
    public static let shapes =
        "x of any shape → the same shape; mean and inverse_deviation with the last axes of size 1"
    public static let shorthandKey: String? = "axis"
    public static let keys: [Key<LayerNorm>] = [
        Key("axis", \.axis, "the first of the axes that the mean is taken of"),
        Key("epsilon", \.epsilon, "added to the variance"),
        Key("affine", \.affine, "whether there is a weight"),
        Key("bias", \.bias, "whether there is a bias, too"),
    ]

    public func validate() throws { try requireEpsilon() }

    /// A weight that is given as an input comes without a bias, unless that is given, too. Both are repeated to fit.
    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        var op = self
        if inputs.contains(where: { Self.parameterNames.contains($0.role) }) {
            (op.affine, op.bias) = (true, inputs.contains { $0.role == "bias" })
        }
        guard case .layer(let layer, let kept, var parameters) = try ControlInputs(inputs).resolution(op),
            let x = inputs.first?.shape
        else { return .input(0) }
        let shape = try normalized(x)
        for (name, tensor) in parameters where tensor.shape != shape {
            guard try Shape(broadcasting: [tensor.shape, shape]) == shape else { continue }
            parameters[name] = try tensor.elements(at: tensor.shape.broadcastOffsets(in: shape), shape: shape)
        }
        return .layer(layer, inputs: kept, parameters: parameters)
    }

    /// The axes that the mean is taken of.
    private func normalized(_ input: Shape) throws -> Shape {
        Shape(Array(input.dimensions[(try resolveAxis(axis, rank: input.rank))...]))
    }

    /// The mean and the inverse deviation of half-precision numbers are f32.
    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        let type = try commonType(of: inputs) { $0.isFloatingPoint }
        let statistics = type == .f64 ? ElementType.f64 : .f32
        return [type, statistics, statistics]
    }

    public func parameters(for inputs: [Shape]) throws -> [ParameterSpecification] {
        guard affine else { return [] }
        let shape = try normalized(inputs[0])
        return [ParameterSpecification("weight", shape, .scale)]
            + (bias ? [ParameterSpecification("bias", shape, .bias)] : [])
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        let axis = try resolveAxis(axis, rank: inputs[0].rank)
        let statistics = Shape(inputs[0].dimensions[..<axis] + inputs[0].dimensions[axis...].map { _ in 1 })
        guard inputs[0].dimensions[axis...].allSatisfy({ $0 > 0 }) else {
            throw TesseraError(.shapeMismatch, "expected elements to take the mean of, found an input of \(inputs[0])")
        }
        return [inputs[0], statistics, statistics]
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let shapes = try outputShapes(for: inputs.map(\.shape))
        let types = try outputTypes(for: inputs.map(\.elementType))
        let block = try normalized(inputs[0].shape).elementCount
        let result = Standardization(inputs[0].reals(), block: block, epsilon: epsilon)
        var y = result.values
        if affine {
            let weight = try values("weight", parameters)
            let bias = bias ? try values("bias", parameters) : [Double](repeating: 0, count: block)
            for index in y.indices { y[index] = y[index] * weight[index % block] + bias[index % block] }
        }
        return try zip([y, result.means, result.inverseDeviations], zip(shapes, types)).map {
            try Tensor(reals: $0, shape: $1.0, elementType: $1.1)
        }
    }
}
