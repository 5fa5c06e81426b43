import TesseraNetwork

/// How large the numbers of one layer became (METHODS.md C2).
public struct LayerRange: Sendable, Equatable {
    /// Whether they can be held in IEEE binary16.
    public enum Verdict: String, Sendable, Codable {
        case fits
        /// They can, but larger ones may come with other inputs.
        case atRisk = "at risk"
        case overflow
    }

    /// The layer's path.
    public let name: String
    /// The name of its operator.
    public let kind: String
    /// The largest magnitude of what it made; NaN if that was no number.
    public internal(set) var largestActivation = 0.0
    /// The largest magnitude of its weights, variances not among them; nil if it has none.
    public internal(set) var largestWeight: Double?
    /// Its largest running variance; nil if it has none.
    public internal(set) var largestVariance: Double?

    init(name: String, kind: String) { (self.name, self.kind) = (name, kind) }

    /// The largest number that IEEE binary16 holds.
    public static let limit = FoldedLayer.binary16Limit

    /// The largest of all its numbers; infinite if one is none.
    public var largest: Double {
        [largestActivation, largestWeight ?? 0, largestVariance ?? 0].map { $0.isNaN ? .infinity : $0 }.max() ?? 0
    }

    /// - Parameter headroom: how many times larger activations may become with other inputs. Weights stay as they are.
    public func verdict(headroom: Double) -> Verdict {
        if largest > Self.limit { return .overflow }
        return largestActivation > Self.limit / headroom ? .atRisk : .fits
    }
}
