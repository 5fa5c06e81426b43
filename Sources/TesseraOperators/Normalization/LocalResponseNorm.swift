import Foundation
import TesseraCore

/// x / (bias + alpha / size · Σ x²)^beta, where the sum goes over `size` neighbouring channels: (size - 1) / 2 before, rounded
/// down, and as many after, rounded up (Krizhevsky et al., 2012, as ONNX's LRN has it).
public struct LocalResponseNorm: Operator, Equatable {
    public static let name = "local_response_norm"
    public static let summary = "Normalization by the neighbouring channels"

    public var size = 1
    public var alpha = 1e-4
    public var beta = 0.75
    public var bias = 1.0

    public init() {}

    public static let shapes = "[batch, channels, …] → the same shape"
    public static let shorthandKey: String? = "size"
    public static let keys: [Key<LocalResponseNorm>] = [
        Key(required: "size", \.size, "number of channels that are summed over"),
        Key("alpha", \.alpha, "factor of the mean of squares"),
        Key("beta", \.beta, "exponent"),
        Key("bias", \.bias, "added to the mean of squares"),
    ]

    public func validate() throws {
        guard size >= 1 else {
            throw TesseraError(.invalidArgument, "expected 'size' of at least 1, found \(size)")
        }
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        guard inputs[0].rank >= 2 else {
            throw TesseraError(.shapeMismatch, "expected an input of batch and channels at least, found \(inputs[0])")
        }
        return inputs
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        guard region[1].count == inputs[0][1] else {
            throw TesseraError(.notSupported, "'local_response_norm' cannot be cut along channels")
        }
        return OperatorTile(op: self, inputs: [region])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let shape = inputs[0].shape
        let (channels, pixels) = (shape[1], shape.spatial.reduce(1, *))
        let x = inputs[0].reals()
        var y = x
        for batch in 0..<shape[0] {
            for channel in 0..<channels {
                let first = max(0, channel - (size - 1) / 2)
                let last = min(channels - 1, channel + size / 2)
                for pixel in 0..<pixels {
                    var sum = 0.0
                    for other in first...last {
                        let value = x[(batch * channels + other) * pixels + pixel]
                        sum += value * value
                    }
                    y[(batch * channels + channel) * pixels + pixel] /= pow(bias + alpha / Double(size) * sum, beta)
                }
            }
        }
        return [try Tensor(reals: y, shape: shape, elementType: inputs[0].elementType)]
    }
}
