import TesseraCore
import TesseraNetwork
import TesseraRuntime

/// How a network is trained in another form than the one that it is saved in: with weights that follow from those that are trained,
/// and beside an auxiliary network.
public protocol TrainingForm: Sendable {
    /// What is run. Its first output is that of the network itself; a second one is the auxiliary network's.
    var network: Network { get }
    /// Weights of `network` that follow from others.
    var derivations: [WeightDerivation] { get }
    /// Weights of `network` that are another one of it: `LAYER.parameter` by `LAYER.parameter`.
    var shared: [String: String] { get }
    /// Weights that must not become smaller than this: steps between integers, which would vanish.
    var smallest: [String: Float] { get }
    /// All that follows from where and with what it was made, rather than from what is trained: a checkpoint must have the same.
    var signature: String { get }
    /// What the auxiliary network adds to the loss; nil if there is none.
    var auxiliary: AuxiliaryLoss? { get }
    /// The network as it is saved.
    ///
    /// - Parameter weights: all that are trained, and running statistics, by name.
    func finished(_ weights: [String: Tensor]) throws -> Network
}

/// Weights that a network runs with, and that follow from those that are trained.
public struct WeightDerivation: Sendable {
    /// `LAYER.parameter` of both.
    public var weight: String
    public var rule: any DerivedWeights
    /// What `rule` learns beside the weights, as a parameter of this name of the layer; nil for nothing.
    public var learned: (name: String, initial: Float)?

    public init(weight: String, rule: any DerivedWeights, learned: (name: String, initial: Float)? = nil) {
        (self.weight, self.rule, self.learned) = (weight, rule, learned)
    }
}

/// How weights follow from those that are trained.
public protocol DerivedWeights: Sendable {
    /// - Parameter learned: what is learned beside the weights; 0 if nothing is.
    func derive(_ weights: UnsafeBufferPointer<Float>, learned: Float, into result: UnsafeMutableBufferPointer<Float>)
    /// The gradients of what is trained.
    ///
    /// - Parameters:
    ///   - gradient: that of the derived weights; that of the trained ones takes its place.
    /// - Returns: the gradient of what is learned beside them.
    func takeBack(
        _ weights: UnsafeBufferPointer<Float>, learned: Float, gradient: UnsafeMutableBufferPointer<Float>
    ) -> Float
}

/// What an auxiliary network adds to the loss of the network itself (METHODS.md E5, E7).
public struct AuxiliaryLoss: Sendable, Equatable {
    /// The factor of the auxiliary network's own loss.
    public var weight: Double
    /// The factor of the divergence of the network's probabilities from the auxiliary network's, which only the former follows.
    public var distillation: Double
    /// What outputs are divided by before they become probabilities.
    public var temperature: Double

    public init(weight: Double = 1, distillation: Double = 0, temperature: Double = 4) {
        (self.weight, self.distillation, self.temperature) = (weight, distillation, temperature)
    }
}

/// Between the weights that are trained and those that a network is run with.
final class TrainedWeights {
    /// What is trained, and statistics.
    let trained: ParameterSet
    private let run: ParameterSet
    /// Entries of `run` for each of `trained` that they are copies of.
    private var copies: [(source: ParameterSet.Entry, targets: [ParameterSet.Entry])] = []
    private var derived: [Derived] = []
    private var limits: [(place: Int, smallest: Float)] = []

    private struct Derived {
        let rule: any DerivedWeights
        let weight: ParameterSet.Entry
        let learned: ParameterSet.Entry?
        let targets: [ParameterSet.Entry]
    }

    /// - Throws: `notFound` for a name that the network does not have, `shapeMismatch` for weights that cannot be shared.
    init(_ form: any TrainingForm, run: ParameterSet) throws {
        self.run = run
        func entry(_ name: String) throws -> ParameterSet.Entry {
            guard let entry = run.entry(name) else {
                throw TesseraError(.notFound, "the network has no weight '\(name)'")
            }
            return entry
        }
        var users: [String: [ParameterSet.Entry]] = [:]
        for own in run.entries {
            let source = try form.shared[own.name].map(entry) ?? own
            guard source.shape == own.shape else {
                throw TesseraError(
                    .shapeMismatch, "expected '\(own.name)' of \(source.shape), as '\(source.name)', found \(own.shape)"
                )
            }
            users[source.name, default: []].append(own)
        }
        var weights: [ParameterSet.Weight] = []
        for own in run.entries where users[own.name] != nil {
            weights.append(.init(own.layer, own.parameter, own.role, try run.tensor(own)))
        }
        for derivation in form.derivations {
            guard let learned = derivation.learned else { continue }
            weights.append(
                .init(
                    try entry(derivation.weight).layer, learned.name, .scale, try Tensor([learned.initial], shape: [1]))
            )
        }
        let trained = try ParameterSet(weights)
        self.trained = trained
        let rules = Dictionary(form.derivations.map { ($0.weight, $0) }) { first, _ in first }
        limits = form.smallest.compactMap { name, smallest in
            trained.entry(name).map { ($0.range.lowerBound, smallest) }
        }
        for entry in trained.entries {
            guard let targets = users[entry.name] else { continue }
            if let derivation = rules[entry.name] {
                let learned = derivation.learned.flatMap { trained.entry("\(entry.layer).\($0.name)") }
                derived.append(Derived(rule: derivation.rule, weight: entry, learned: learned, targets: targets))
            } else {
                copies.append((entry, targets))
            }
        }
    }

    /// Gives the network the weights that follow from what is trained.
    func spread() {
        for (source, targets) in copies {
            for target in targets {
                _ = run.values[target.range].update(fromContentsOf: trained.values[source.range])
            }
        }
        for each in derived {
            guard let first = each.targets.first else { continue }
            each.rule.derive(
                UnsafeBufferPointer(rebasing: trained.values[each.weight.range]), learned: learned(each),
                into: UnsafeMutableBufferPointer(rebasing: run.values[first.range]))
            for other in each.targets.dropFirst() {
                _ = run.values[other.range].update(fromContentsOf: run.values[first.range])
            }
        }
    }

    /// Remembers the statistics that a run has changed.
    func keepStatistics() {
        for (source, targets) in copies where !source.isTrainable {
            if let target = targets.first {
                _ = trained.values[source.range].update(fromContentsOf: run.values[target.range])
            }
        }
    }

    /// Makes the gradients of what is trained from those of the network's weights.
    func collectGradients() {
        for (source, targets) in copies where source.isTrainable { sum(targets, into: source) }
        for each in derived {
            sum(each.targets, into: each.weight)
            let gradient = each.rule.takeBack(
                UnsafeBufferPointer(rebasing: trained.values[each.weight.range]), learned: learned(each),
                gradient: UnsafeMutableBufferPointer(rebasing: trained.gradients[each.weight.range]))
            if let entry = each.learned { trained.gradients[entry.range.lowerBound] = gradient }
        }
    }

    /// Brings back what has become too small.
    func limit() {
        for (place, smallest) in limits { trained.values[place] = max(trained.values[place], smallest) }
    }

    /// Whether weights that are 0 are run as 0.
    func keepsZero(_ name: String) -> Bool {
        guard let each = derived.first(where: { $0.weight.name == name }) else { return true }
        let zeros: [Float] = [0, 1]
        var result = zeros
        zeros.withUnsafeBufferPointer { zeros in
            result.withUnsafeMutableBufferPointer { each.rule.derive(zeros, learned: learned(each), into: $0) }
        }
        return result[0] == 0
    }

    private func learned(_ each: Derived) -> Float { each.learned.map { trained.values[$0.range.lowerBound] } ?? 0 }

    private func sum(_ targets: [ParameterSet.Entry], into source: ParameterSet.Entry) {
        let result = trained.gradients
        for (place, target) in targets.enumerated() {
            for (index, from) in zip(source.range, target.range) {
                result[index] = place == 0 ? run.gradients[from] : result[index] + run.gradients[from]
            }
        }
    }
}
