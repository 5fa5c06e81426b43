import Foundation
import TesseraCore

/// x - max - log Σ exp(x - max) along an axis: the logarithm of `softmax`, without its loss of small numbers.
public struct LogSoftmax: DifferentiableAlongAxis, Equatable {
    public static let name = "log_softmax"
    public static let summary = "Logarithms of exponentials that sum to one along an axis"

    public var axis = 1

    public init() {}

    public static let shorthandKey: String? = "axis"
    public static let keys: [Key<LogSoftmax>] = [
        Key("axis", \.axis, "the axis along which the results' exponentials sum to one")
    ]

    public func line(_ x: [Double]) -> [Double] {
        let largest = x.max() ?? 0
        let logarithm = log(x.reduce(0) { $0 + exp($1 - largest) })
        return x.map { $0 - largest - logarithm }
    }

    public func lineGradient(y: [Double], gradient: [Double]) -> [Double] {
        let sum = gradient.reduce(0, +)
        return zip(y, gradient).map { $1 - exp($0) * sum }
    }
}
