import Foundation
import TesseraCore

/// In how many steps pruning reaches its amount, and how much of it each step has pruned.
public struct PruningSchedule: Configurable, Equatable {
    public enum Kind: String, ConfigurationChoice {
        /// All at once.
        case oneShot = "one-shot"
        /// The same amount in every step.
        case iterative
        /// Much at first, less and less later: 1 - (1 - t)³ (Zhu and Gupta, "To Prune, or Not to Prune", 2018).
        case gradual
    }

    public var kind = Kind.oneShot
    public var steps = 8

    public init() {}

    public init(_ kind: Kind, steps: Int = 8) { (self.kind, self.steps) = (kind, steps) }

    public static let shorthandKey: String? = "kind"
    public static let keys: [Key<PruningSchedule>] = [
        Key("kind", \.kind, "how much each step prunes"),
        Key("steps", \.steps, "how many steps there are, if not one"),
    ]

    public func validate() throws {
        guard (1...10_000).contains(steps) else {
            throw TesseraError(.invalidArgument, "expected 'steps' from 1 to 10000, found \(steps)")
        }
    }

    /// The part of the amount that is pruned after each step; the last is 1.
    public var fractions: [Double] {
        kind == .oneShot ? [1] : (1...steps).map { fraction(at: Double($0) / Double(steps)) }
    }

    /// The part of the amount that is pruned at a time from 0, the beginning, to 1, the end.
    public func fraction(at time: Double) -> Double {
        let time = min(max(time, 0), 1)
        switch kind {
        case .oneShot: return 1
        case .iterative: return time
        case .gradual: return 1 - pow(1 - time, 3)
        }
    }
}

/// Trains a network between the steps of pruning (METHODS.md D10).
public protocol Retrainer: Sendable {
    /// The weights after training.
    ///
    /// - Parameters:
    ///   - weights: those of the network as it is pruned so far, by name.
    ///   - masks: what the weights are multiplied with after each update, so that pruned ones stay zero; see
    ///     `ChannelDependencies.elementMasks`.
    ///   - step: which step of the schedule this is, from 0.
    func retrained(_ weights: [String: Tensor], masks: [String: Tensor], step: Int) throws -> [String: Tensor]
}

extension PruningSchedule: ConfigurationValue {
    public static var typeDescription: String { "one-shot, iterative or gradual, or a map" }
}
