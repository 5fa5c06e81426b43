import TesseraCore

/// The same part of every dependency group, rounded down.
public struct Ratio: AmountRule, Configurable, Equatable {
    public static let name = "ratio"
    public static let summary = "the same part of every layer's channels"

    public var ratio = 0.5

    public init() {}

    public init(_ ratio: Double) { self.ratio = ratio }

    public static let shorthandKey: String? = "ratio"
    public static let keys: [Key<Ratio>] = [
        Key("ratio", \.ratio, "the part of the channels that goes, from 0 to below 1")
    ]

    public func validate() throws { try requireFraction(ratio, "ratio") }

    public func counts(for problem: AmountProblem) -> [Int] {
        problem.curves.map { Int(ratio * Double($0.values.count) + 1e-9) }
    }

    public func scaled(to strength: Double) -> any AmountRule { Ratio(min(strength, 1)) }
}

/// Checks a part of a whole that must not be all of it.
///
/// - Throws: `invalidArgument`, which names the key.
func requireFraction(_ value: Double, _ key: String) throws {
    guard value >= 0, value < 1 else {
        throw TesseraError(.invalidArgument, "expected '\(key)' from 0 to below 1, found \(value)")
    }
}
