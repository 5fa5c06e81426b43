import Foundation
import TesseraCore

/// exp(x - max) / Σ exp(x - max) along an axis.
public struct Softmax: Operator, Equatable {
    public static let name = "softmax"
    public static let summary = "Exponentials that sum to one along an axis"

    public var axis = 1

    public init() {}

    public static let shorthandKey: String? = "axis"
    public static let keys: [Key<Softmax>] = [Key("axis", \.axis, "the axis along which the results sum to one")]

    /// Along batch or channels every pixel is on its own.
    public var isSpatiallyLocal: Bool { axis == 0 || axis == 1 }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        _ = try resolveAxis(axis, rank: inputs[0].rank)
        return inputs
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        let axis = try resolveAxis(axis, rank: inputs[0].rank)
        guard region[axis].count == inputs[0][axis] else {
            throw TesseraError(.notSupported, "'softmax' cannot be cut along the axis it sums over")
        }
        return OperatorTile(op: self, inputs: [region])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let shape = inputs[0].shape
        let axis = try resolveAxis(axis, rank: shape.rank)
        let (size, stride) = (shape[axis], shape.strides[axis])
        let x = inputs[0].reals()
        var y = x
        for first in x.indices where first / stride % size == 0 {
            let positions = (0..<size).map { first + $0 * stride }
            let largest = positions.reduce(-Double.infinity) { max($0, x[$1]) }
            let exponentials = positions.map { exp(x[$0] - largest) }
            let sum = exponentials.reduce(0, +)
            for (position, exponential) in zip(positions, exponentials) { y[position] = exponential / sum }
        }
        return [try Tensor(reals: y, shape: shape, elementType: inputs[0].elementType)]
    }
}
