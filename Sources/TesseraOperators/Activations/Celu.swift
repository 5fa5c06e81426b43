import Foundation
import TesseraCore

/// x where it is positive, alpha · (exp(x / alpha) - 1) elsewhere.
public struct Celu: DifferentiableUnary, Equatable {
    public static let name = "celu"
    public static let summary = "x if positive, else alpha · (exp(x / alpha) - 1)"

    public var alpha: Double = 1

    public init() {}

    public static let shorthandKey: String? = "alpha"
    public static let keys: [Key<Celu>] = [
        Key("alpha", \.alpha, "how far negative values go")
    ]

    public func validate() throws {
        guard alpha != 0, !alpha.isNaN else {
            throw TesseraError(.invalidArgument, "expected 'alpha' other than 0, found \(alpha)")
        }
    }

    public func value(_ x: Double) -> Double { x > 0 ? x : alpha * expm1(x / alpha) }
    public func derivative(_ x: Double) -> Double { x > 0 ? 1 : exp(x / alpha) }
}
