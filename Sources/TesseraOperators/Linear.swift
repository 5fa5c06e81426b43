import TesseraCore

/// y = x · weightᵀ + bias over the last axis: [batch, inputs] to [batch, features]. Weight [features, inputs].
public struct Linear: Operator, Equatable {
    public static let name = "linear"
    public static let summary = "Fully connected layer"

    public var features = 1
    public var bias = true

    public init() {}

    public var isSpatiallyLocal: Bool { false }
    public static let shorthandKey: String? = "features"
    public static let keys: [Key<Linear>] = [
        Key(required: "features", \.features, "number of outputs"),
        Key("bias", \.bias, "whether a bias is added"),
    ]

    public func validate() throws {
        guard features >= 1 else {
            throw TesseraError(.invalidArgument, "expected 'features' of at least 1, found \(features)")
        }
    }

    public func parameters(for inputs: [Shape]) throws -> [ParameterSpecification] {
        let inputCount = inputs[0][1]
        return [ParameterSpecification("weight", [features, inputCount], .weight(fanIn: inputCount))]
            + (bias ? [ParameterSpecification("bias", [features], .bias)] : [])
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        guard inputs[0].rank == 2 else {
            throw TesseraError(
                .shapeMismatch, "expected an input of batch and features (put 'flatten' before), found \(inputs[0])")
        }
        return [[inputs[0][0], features]]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        var op = self
        op.features = region[1].count
        var parameters: [String: Region] = [:]
        if region[1].count < features {
            for specification in try self.parameters(for: inputs) {
                parameters[specification.name] = Region(whole: specification.shape).replacing(axis: 0, with: region[1])
            }
        }
        return OperatorTile(op: op, inputs: [Region([region[0], 0..<inputs[0][1]])], parameters: parameters)
    }

    public func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int {
        Shape.saturatingProduct(outputs[0].elementCount, inputs[0][1])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        guard let weight = try parameters["weight"]?.floats() else {
            throw TesseraError(.notFound, "'linear' misses its weight")
        }
        let biases = try parameters["bias"]?.floats()
        let (batch, count) = (inputs[0].shape[0], inputs[0].shape[1])
        let x = try inputs[0].floats()
        var y: [Float] = []
        for n in 0..<batch {
            for f in 0..<features {
                var sum = Double(biases?[f] ?? 0)
                for i in 0..<count { sum += Double(weight[f * count + i]) * Double(x[n * count + i]) }
                y.append(Float(sum))
            }
        }
        return [try Tensor(y, shape: [batch, features])]
    }
}
