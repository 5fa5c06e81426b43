import TesseraCore

/// Batch normalization with stored statistics: (x - running_mean) / √(running_var + epsilon) · weight + bias, per channel.
public struct BatchNorm: Operator, Equatable {
    public static let name = "batch_norm"
    public static let summary = "Batch normalization with stored statistics"

    public var epsilon: Double = 1e-5

    public init() {}

    public var isPointwise: Bool { true }
    public static let parameterNames = ["weight", "bias", "running_mean", "running_var"]
    public static let shapes = "[batch, channels, …], or [batch] of one channel → the same shape"
    public static let keys: [Key<BatchNorm>] = [Key("epsilon", \.epsilon, "added to the variance")]

    public func validate() throws {
        guard epsilon >= 0, epsilon.isFinite else {
            throw TesseraError(.invalidArgument, "expected 'epsilon' of at least 0, found \(epsilon)")
        }
    }

    public func parameters(for inputs: [Shape]) throws -> [ParameterSpecification] {
        let shape: Shape = [Self.channels(of: inputs[0])]
        return [
            ParameterSpecification("weight", shape, .scale), ParameterSpecification("bias", shape, .bias),
            ParameterSpecification("running_mean", shape, .mean),
            ParameterSpecification("running_var", shape, .variance),
        ]
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        guard inputs[0].rank >= 1 else {
            throw TesseraError(.shapeMismatch, "expected an input of batch and channels, found a scalar")
        }
        return inputs
    }

    private static func channels(of input: Shape) -> Int { input.rank > 1 ? input[1] : 1 }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        guard region.rank > 1 else { return OperatorTile(op: self, inputs: [region]) }
        let names = region[1].count == inputs[0][1] ? [] : ["weight", "bias", "running_mean", "running_var"]
        let channels = Region([region[1]])
        return OperatorTile(
            op: self, inputs: [region], parameters: Dictionary(uniqueKeysWithValues: names.map { ($0, channels) }))
    }

    /// The factor and the summand for each channel: y = factor · x + summand.
    ///
    /// - Throws: `notFound` if a parameter is missing.
    public func scaleAndShift(_ parameters: [String: Tensor]) throws -> (scale: [Double], shift: [Double]) {
        func values(_ name: String) throws -> [Double] {
            guard let tensor = parameters[name] else {
                throw TesseraError(.notFound, "'batch_norm' misses its \(name)")
            }
            return tensor.reals()
        }
        let (weight, bias) = (try values("weight"), try values("bias"))
        let (mean, variance) = (try values("running_mean"), try values("running_var"))
        let scale = zip(weight, variance).map { $0 / ($1 + epsilon).squareRoot() }
        return (scale, zip(bias, zip(mean, scale)).map { $0 - $1.0 * $1.1 })
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let (scale, shift) = try scaleAndShift(parameters)
        let channels = Self.channels(of: inputs[0].shape)
        let pixels = inputs[0].shape.spatial.reduce(1, *)
        let y = inputs[0].reals().enumerated().map { offset, x in
            let channel = offset / pixels % channels
            return scale[channel] * x + shift[channel]
        }
        return [try Tensor(reals: y, shape: inputs[0].shape, elementType: inputs[0].elementType)]
    }
}
