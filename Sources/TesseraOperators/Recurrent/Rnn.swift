import TesseraCore

/// The plain recurrent layer of Elman (1990): h' = f(weight_ih · x + bias_ih + weight_hh · h + bias_hh), f being tanh.
public struct Rnn: Recurrent, Equatable {
    public static let name = "rnn"
    public static let summary = "Plain recurrent layer over a sequence"
    public static let gateCount = 1
    public static let defaultActivations: [RecurrentActivation.Kind] = [.tanh]

    public var hidden = 1
    public var direction = RecurrentDirection.forward
    public var bias = true
    public var batchFirst = false
    public var activations: [RecurrentActivation.Kind]?
    public var activationAlpha: [Double]?
    public var activationBeta: [Double]?
    public var clip: Double?
    public var inputs: [String]?

    public init() {}

    public static let shorthandKey: String? = "hidden"
    public static let keys: [Key<Rnn>] = commonKeys

    public func step(_ projected: [Double], _ state: RecurrentState, _ cell: RecurrentCell) -> RecurrentState {
        var next = state
        next.hidden = zip(projected, cell.recur(state.hidden, gates: 0..<1)).map { cell.apply(0, $0 + $1) }
        return next
    }
}
