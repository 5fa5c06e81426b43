import Foundation
import TesseraCore

/// 1 / (1 + exp(-x)).
public struct Sigmoid: PointwiseUnary, Equatable {
    public static let name = "sigmoid"
    public static let summary = "Logistic function, 1 / (1 + exp(-x))"
    public static let keys: [Key<Sigmoid>] = []

    public init() {}

    public func value(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
}
