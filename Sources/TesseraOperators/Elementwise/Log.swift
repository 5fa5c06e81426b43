import Foundation
import TesseraCore

/// log(x), NaN for negative x.
public struct Log: DifferentiableUnary, Equatable {
    public static let name = "log"
    public static let summary = "Natural logarithm"
    public static let keys: [Key<Log>] = []

    public init() {}

    public func value(_ x: Double) -> Double { log(x) }
    public func derivative(_ x: Double) -> Double { 1 / x }
}
