import Foundation
import TesseraCore

/// Error function: 2 / √π · ∫ exp(-t²) dt from 0 to x.
public struct Erf: DifferentiableUnary, Equatable {
    public static let name = "erf"
    public static let summary = "Error function"
    public static let keys: [Key<Erf>] = []

    public init() {}

    public func value(_ x: Double) -> Double { erf(x) }
    public func derivative(_ x: Double) -> Double { 2 / Double.pi.squareRoot() * exp(-x * x) }
}
