import Foundation
import TesseraCore

/// exp(x).
public struct Exp: DifferentiableUnary, Equatable {
    public static let name = "exp"
    public static let summary = "Exponential function"
    public static let keys: [Key<Exp>] = []

    public init() {}

    public func value(_ x: Double) -> Double { exp(x) }
    public func derivative(_ x: Double) -> Double { exp(x) }
}
