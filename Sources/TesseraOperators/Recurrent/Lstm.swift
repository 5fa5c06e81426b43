import TesseraCore

/// Long short-term memory: with the sums s = weight_ih · x + bias_ih + weight_hh · h + bias_hh of the gates i, f, g, o,
/// c' = f(s_f) · c + f(s_i) · g(s_g) and h' = f(s_o) · h(c'), where f, g, h are sigmoid, tanh, tanh (Hochreiter and
/// Schmidhuber, 1997; the formula and all options are ONNX's).
///
/// A peephole [3 · hidden] adds p_i · c to s_i, p_f · c to s_f, and p_o · c' to s_o.
public struct Lstm: Recurrent, Equatable {
    public static let name = "lstm"
    public static let summary = "Long short-term memory over a sequence"
    public static let gateCount = 4
    public static let defaultActivations: [RecurrentActivation.Kind] = [.sigmoid, .tanh, .tanh]

    public var hidden = 1
    public var direction = RecurrentDirection.forward
    public var bias = true
    public var batchFirst = false
    public var activations: [RecurrentActivation.Kind]?
    public var activationAlpha: [Double]?
    public var activationBeta: [Double]?
    public var clip: Double?
    public var inputForget = false
    public var peephole = false
    public var inputs: [String]?

    public init() {}

    public static let inputNames = ["x", "sequence_lengths", "initial_hidden", "initial_cell"]
    public static let weightNames = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "peephole_l0"]
    public static let parameterNames = weightNames + weightNames.map { $0 + "_reverse" }
    public var outputNames: [String] { ["output", "hidden", "cell"] }
    public static let shorthandKey: String? = "hidden"
    public static let keys: [Key<Lstm>] =
        commonKeys + [
            Key("input_forget", \.inputForget, "whether the forget gate is 1 minus the input gate"),
            Key("peephole", \.peephole, "whether gates see the cell, through the weight peephole_l0 (i, f, o)"),
        ]

    public func step(_ projected: [Double], _ state: RecurrentState, _ cell: RecurrentCell) -> RecurrentState {
        let recurrent = cell.recur(state.hidden, gates: 0..<4)
        var next = state
        for unit in 0..<hidden {
            func sum(_ gate: Int) -> Double { projected[gate * hidden + unit] + recurrent[gate * hidden + unit] }
            func peep(_ gate: Int, _ value: Double) -> Double {
                cell.peephole.map { $0[gate * hidden + unit] * value } ?? 0
            }
            let old = state.cell[unit]
            let input = cell.apply(0, sum(0) + peep(0, old))
            let forget = inputForget ? 1 - input : cell.apply(0, sum(1) + peep(1, old))
            let new = forget * old + input * cell.apply(1, sum(2))
            next.cell[unit] = new
            next.hidden[unit] = cell.apply(0, sum(3) + peep(2, new)) * cell.functions[2](new)
        }
        return next
    }
}
