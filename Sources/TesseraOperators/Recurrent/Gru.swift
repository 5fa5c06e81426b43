import TesseraCore

/// Gated recurrent unit: with the gates r and z, functions f of sums as in `lstm`,
/// n = g(weight_n · x + bias_n + r · (weight_hn · h + bias_hn)) and h' = (1 - z) · n + z · h, where f, g are sigmoid and tanh
/// (Cho et al., 2014). Without `linear_before_reset`, r is multiplied by h before the product with weight_hn, as the paper has it.
public struct Gru: Recurrent, Equatable {
    public static let name = "gru"
    public static let summary = "Gated recurrent unit over a sequence"
    public static let gateCount = 3
    public static let defaultActivations: [RecurrentActivation.Kind] = [.sigmoid, .tanh]

    public var hidden = 1
    public var direction = RecurrentDirection.forward
    public var bias = true
    public var batchFirst = false
    public var activations: [RecurrentActivation.Kind]?
    public var activationAlpha: [Double]?
    public var activationBeta: [Double]?
    public var clip: Double?
    public var linearBeforeReset = true
    public var inputs: [String]?

    public init() {}

    public static let shorthandKey: String? = "hidden"
    public static let keys: [Key<Gru>] =
        commonKeys + [
            Key(
                "linear_before_reset", \.linearBeforeReset,
                "whether the reset gate comes after the product, as in PyTorch")
        ]

    public func step(_ projected: [Double], _ state: RecurrentState, _ cell: RecurrentCell) -> RecurrentState {
        let recurrent = cell.recur(state.hidden, gates: 0..<2)
        func gate(_ index: Int) -> [Double] {
            (index * hidden..<(index + 1) * hidden).map { cell.apply(0, projected[$0] + recurrent[$0]) }
        }
        let (reset, update) = (gate(0), gate(1))
        let candidate =
            linearBeforeReset
            ? zip(reset, cell.recur(state.hidden, gates: 2..<3)).map { $0 * $1 }
            : cell.recur(zip(reset, state.hidden).map { $0 * $1 }, gates: 2..<3)
        var next = state
        for unit in 0..<hidden {
            let new = cell.apply(1, projected[2 * hidden + unit] + candidate[unit])
            next.hidden[unit] = (1 - update[unit]) * new + update[unit] * state.hidden[unit]
        }
        return next
    }
}
