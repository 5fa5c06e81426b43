import TesseraCore

/// y = x · weightᵀ + bias over the last axis: [batch, inputs] to [batch, features]. Weight [features, inputs].
public struct Linear: IntegerWeights, Equatable {
    public static let name = "linear"
    public static let summary = "Fully connected layer"

    public var features = 1
    public var bias = true
    public var weightBits = 0

    public init() {}

    public var isSpatiallyLocal: Bool { false }
    public static let parameterNames = ["weight", "bias"]
    public static let shapes = "[…, inputs] → […, 'features']"
    public static let shorthandKey: String? = "features"
    public static let keys: [Key<Linear>] = [
        Key(required: "features", \.features, "number of outputs"),
        Key("bias", \.bias, "whether a bias is added"), weightBitsKey,
    ]

    public func validate() throws {
        guard features >= 1 else {
            throw TesseraError(.invalidArgument, "expected 'features' of at least 1, found \(features)")
        }
        try checkWeightBits()
    }

    public func parameters(for inputs: [Shape]) throws -> [ParameterSpecification] {
        let inputCount = try inputFeatures(inputs)
        return weightSpecifications([features, inputCount])
            + (bias ? [ParameterSpecification("bias", [features], .bias)] : [])
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        _ = try inputFeatures(inputs)
        return [Shape(inputs[0].dimensions.dropLast() + [features])]
    }

    private func inputFeatures(_ inputs: [Shape]) throws -> Int {
        guard inputs[0].rank >= 1, let count = inputs[0].dimensions.last else {
            throw TesseraError(.shapeMismatch, "expected an input with an axis of features at its end, found a scalar")
        }
        return count
    }

    /// A weight that is given as an input comes without a bias, unless that is given, too.
    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        var op = self
        if inputs.contains(where: { $0.role == "weight" }) { op.bias = inputs.contains { $0.role == "bias" } }
        if let (integers, weights) = try op.takingIntegers(inputs, channels: features) {
            return try ControlInputs(inputs).resolution(integers, weights: weights)
        }
        return try ControlInputs(inputs).resolution(op)
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        var op = self
        let range = region.ranges.last ?? 0..<features
        op.features = range.count
        var parameters: [String: Region] = [:]
        if range.count < features {
            for specification in try self.parameters(for: inputs) {
                parameters[specification.name] = Region(whole: specification.shape).replacing(axis: 0, with: range)
            }
        }
        let input = region.replacing(axis: region.rank - 1, with: 0..<(try inputFeatures(inputs)))
        return OperatorTile(op: op, inputs: [input], parameters: parameters)
    }

    public func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int {
        Shape.saturatingProduct(outputs[0].elementCount, inputs[0].dimensions.last ?? 0)
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let count = try inputFeatures(inputs.map(\.shape))
        let weight = try realWeight(parameters, shape: [features, count]).reals()
        let biases = parameters["bias"]?.reals()
        let shape = try outputShapes(for: inputs.map(\.shape))[0]
        let x = inputs[0].reals()
        var y: [Double] = []
        for n in 0..<shape.dimensions.dropLast().reduce(1, *) {
            for f in 0..<features {
                var sum = biases?[f] ?? 0
                for i in 0..<count { sum += weight[f * count + i] * x[n * count + i] }
                y.append(sum)
            }
        }
        return [try Tensor(reals: y, shape: shape, elementType: inputs[0].elementType)]
    }
}
