import Foundation
import TesseraCore

/// log(1 + exp(x)).
public struct Softplus: DifferentiableUnary, Equatable {
    public static let name = "softplus"
    public static let summary = "Smooth rectifier, log(1 + exp(x))"
    public static let keys: [Key<Softplus>] = []

    public init() {}

    /// In a form that does not overflow.
    public func value(_ x: Double) -> Double { x.isNaN ? x : max(x, 0) + log1p(exp(-abs(x))) }
    public func derivative(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
}
