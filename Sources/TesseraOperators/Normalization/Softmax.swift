import Foundation
import TesseraCore

/// exp(x - max) / Σ exp(x - max) along an axis.
public struct Softmax: DifferentiableAlongAxis, Equatable {
    public static let name = "softmax"
    public static let summary = "Exponentials that sum to one along an axis"

    public var axis = 1

    public init() {}

    public static let shorthandKey: String? = "axis"
    public static let keys: [Key<Softmax>] = [Key("axis", \.axis, "the axis along which the results sum to one")]

    public func line(_ x: [Double]) -> [Double] {
        let largest = x.max() ?? 0
        let exponentials = x.map { exp($0 - largest) }
        let sum = exponentials.reduce(0, +)
        return exponentials.map { $0 / sum }
    }

    public func lineGradient(y: [Double], gradient: [Double]) -> [Double] {
        let mean = zip(y, gradient).reduce(0) { $0 + $1.0 * $1.1 }
        return zip(y, gradient).map { $0 * ($1 - mean) }
    }
}
