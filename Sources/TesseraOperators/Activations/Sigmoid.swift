import Foundation
import TesseraCore

/// 1 / (1 + exp(-x)).
public struct Sigmoid: DifferentiableUnary, Equatable {
    public static let name = "sigmoid"
    public static let summary = "Logistic function, 1 / (1 + exp(-x))"
    public static let keys: [Key<Sigmoid>] = []

    public init() {}

    public func value(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
    public func derivative(_ x: Double) -> Double { value(x) * (1 - value(x)) }
}
