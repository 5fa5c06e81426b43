import TesseraCore

/// The way in which a recurrent layer goes through its sequence.
public enum RecurrentDirection: String, ConfigurationChoice {
    case forward, reverse, bidirectional

    public var count: Int { self == .bidirectional ? 2 : 1 }
}

/// What `lstm`, `gru` and `rnn` share: x [sequence, batch, features] gives output [sequence, batch, directions · hidden], and
/// the state after the last step of each direction, [directions, batch, hidden].
///
/// Weights have PyTorch's names and orders of gates: `weight_ih_l0` [gates · hidden, features], `weight_hh_l0`
/// [gates · hidden, hidden], `bias_ih_l0` and `bias_hh_l0` [gates · hidden]; those of a second, backward direction end with
/// `_reverse`. With `sequence_lengths`, steps beyond a length are left out: the output is 0 there, and backward goes from the
/// last valid step.
public protocol Recurrent: SelectsInputs {
    static var gateCount: Int { get }
    /// One function for each place of the formula.
    static var defaultActivations: [RecurrentActivation.Kind] { get }

    var hidden: Int { get set }
    var direction: RecurrentDirection { get set }
    var bias: Bool { get set }
    var batchFirst: Bool { get set }
    var activations: [RecurrentActivation.Kind]? { get set }
    var activationAlpha: [Double]? { get set }
    var activationBeta: [Double]? { get set }
    var clip: Double? { get set }
    var peephole: Bool { get set }

    /// The state after one more step.
    ///
    /// - Parameter projected: weight_ih · x + bias_ih.
    func step(_ projected: [Double], _ state: RecurrentState, _ cell: RecurrentCell) -> RecurrentState
}

/// What is carried from step to step.
public struct RecurrentState: Sendable {
    public var hidden: [Double]
    /// Of an LSTM; empty otherwise.
    public var cell: [Double]
}

extension Recurrent {
    public static var shapes: String {
        let cell = Self().outputNames.contains("cell")
        let state = "[directions, batch, 'hidden']"
        return "x [sequence, batch, features], sequence_lengths [batch], initial_hidden"
            + (cell ? " and initial_cell" : "")
            + " \(state) → output [sequence, batch, directions · 'hidden'], hidden" + (cell ? " and cell" : "")
            + " \(state)"
    }

    /// The weights of one direction.
    static var weightNames: [String] { ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"] }

    public var peephole: Bool {
        get { false }
        set {}
    }
    public var isSpatiallyLocal: Bool { false }
    public static var inputNames: [String] { ["x", "sequence_lengths", "initial_hidden"] }
    public static var parameterNames: [String] { weightNames + weightNames.map { $0 + "_reverse" } }
    public var outputNames: [String] { ["output", "hidden"] }

    static var commonKeys: [Key<Self>] {
        [
            Key(required: "hidden", \.hidden, "size of the state"),
            Key("direction", \.direction, "the way through the sequence"),
            Key("bias", \.bias, "whether biases are added"),
            Key("batch_first", \.batchFirst, "whether x and output are [batch, sequence, …]"),
            Key(
                "activations", \.activations,
                "the functions of each direction; \(defaultActivations.map(\.rawValue).joined(separator: ", ")) if left out"
            ),
            Key("activation_alpha", \.activationAlpha, "alpha of the functions that have one, in their order"),
            Key("activation_beta", \.activationBeta, "beta of the functions that have one, in their order"),
            Key("clip", \.clip, "the largest magnitude of a gate's sum"),
            inputsKey,
        ]
    }

    public func validate() throws {
        guard hidden >= 1 else {
            throw TesseraError(.invalidArgument, "expected 'hidden' of at least 1, found \(hidden)")
        }
        if let clip, !(clip >= 0) {
            throw TesseraError(.invalidArgument, "expected 'clip' of at least 0, found \(clip)")
        }
        _ = try functions()
    }

    /// The functions of each direction.
    ///
    /// - Throws: `invalidArgument` if there are neither as many as one direction nor as all directions need.
    func functions() throws -> [[RecurrentActivation]] {
        let kinds = activations ?? Self.defaultActivations
        let count = Self.defaultActivations.count
        guard kinds.count == count || kinds.count == count * direction.count else {
            throw TesseraError(
                .invalidArgument, "'activations' expects \(count) functions for each direction, found \(kinds.count)")
        }
        var (alpha, beta) = (activationAlpha?.makeIterator(), activationBeta?.makeIterator())
        let all = kinds.map { kind in
            RecurrentActivation(
                kind: kind, alpha: kind.alpha.map { alpha?.next() ?? $0 } ?? 0,
                beta: kind.beta.map { beta?.next() ?? $0 } ?? 0)
        }
        return (0..<direction.count).map { kinds.count == count ? all : Array(all[$0 * count..<($0 + 1) * count]) }
    }

    /// Weights that are given as inputs come without biases and peepholes, unless these are given, too.
    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        var op = self
        let roles = Set(inputs.map { $0.role.replacing("_reverse", with: "") })
        if roles.contains("weight_ih_l0") {
            op.bias = roles.contains("bias_ih_l0") || roles.contains("bias_hh_l0")
            op.peephole = roles.contains("peephole_l0")
        }
        guard case .layer(let layer, let kept, var weights) = try ControlInputs(inputs).resolution(op) else {
            return .input(0)
        }
        if direction != .bidirectional {
            // The only direction has no suffix, even if it is the backward one.
            weights = Dictionary(
                weights.map { ($0.key.replacing("_reverse", with: ""), $0.value) },
                uniquingKeysWith: { first, _ in first })
        }
        for suffix in ["", "_reverse"] {
            for (name, other) in [("bias_ih_l0", "bias_hh_l0"), ("bias_hh_l0", "bias_ih_l0")] {
                guard let tensor = weights[name + suffix], weights[other + suffix] == nil else { continue }
                weights[other + suffix] = try Tensor(zeros: tensor.shape, elementType: tensor.elementType)
            }
        }
        return .layer(layer, inputs: kept, parameters: weights)
    }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        let roles = try roles(count: inputs.count)
        for (role, type) in zip(roles, inputs) where role == "sequence_lengths" && !type.isInteger {
            throw TesseraError(.notSupported, "expected 'sequence_lengths' of integers, found \(type)")
        }
        let others = zip(roles, inputs).filter { $0.0 != "sequence_lengths" }.map(\.1)
        let type = try commonType(of: others) { $0.isFloatingPoint }
        return outputNames.map { _ in type }
    }

    public func parameters(for inputs: [Shape]) throws -> [ParameterSpecification] {
        let sizes = try sizes(inputs)
        return (0..<direction.count).flatMap { index -> [ParameterSpecification] in
            let suffix = index == 0 ? "" : "_reverse"
            let rows = Self.gateCount * hidden
            let fanIn = ParameterSpecification.Role.weight(fanIn: sizes.features + hidden)
            var all = [
                ParameterSpecification("weight_ih_l0" + suffix, [rows, sizes.features], fanIn),
                ParameterSpecification("weight_hh_l0" + suffix, [rows, hidden], fanIn),
            ]
            if bias { all += ["bias_ih_l0", "bias_hh_l0"].map { ParameterSpecification($0 + suffix, [rows], .bias) } }
            if peephole { all.append(ParameterSpecification("peephole_l0" + suffix, [3 * hidden], .bias)) }
            return all
        }
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        let sizes = try sizes(inputs)
        let width = direction.count * hidden
        let state: Shape = [direction.count, sizes.batch, hidden]
        for (role, shape) in zip(try roles(count: inputs.count), inputs) where role != "x" {
            let expected = role == "sequence_lengths" ? [sizes.batch] : state
            guard shape == expected else {
                throw TesseraError(.shapeMismatch, "expected '\(role)' of \(expected), found \(shape)")
            }
        }
        let output: Shape =
            batchFirst ? [sizes.batch, sizes.steps, width] : [sizes.steps, sizes.batch, width]
        return [output] + outputNames.dropFirst().map { _ in state }
    }

    /// The sizes of x.
    public func sizes(_ inputs: [Shape]) throws -> (steps: Int, batch: Int, features: Int) {
        let x = inputs[0]
        guard x.rank == 3 else {
            throw TesseraError(.shapeMismatch, "expected an input of sequence, batch and features, found \(x)")
        }
        return batchFirst ? (x[1], x[0], x[2]) : (x[0], x[1], x[2])
    }

    public func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int {
        guard let sizes = try? sizes(inputs) else { return 0 }
        return [sizes.batch, direction.count, Self.gateCount, hidden, sizes.features + hidden]
            .reduce(sizes.steps, Shape.saturatingProduct)
    }
}
