import TesseraCore

/// start, start + step, start + 2 · step … as long as it has not reached `limit` (ONNX's Range).
public struct Progression: SelectsInputs, Equatable {
    public static let name = "range"
    public static let summary = "Numbers at equal distances"
    public static let shapes = "→ [the number of steps from 'start' to 'limit']"
    public static let inputNames = ["start", "limit", "step"]

    public var start: Double = 0
    public var limit: Double?
    public var step: Double = 1
    public var type = ElementType.i64
    public var inputs: [String]?

    public init() {}

    public init(start: Double = 0, limit: Double, step: Double = 1, type: ElementType = .i64) {
        (self.start, self.limit, self.step, self.type) = (start, limit, step, type)
    }

    public var inputCount: ClosedRange<Int> { 0...3 }
    public var isSpatiallyLocal: Bool { false }
    public static let keys: [Key<Progression>] = [
        Key("start", \.start, "the first number"),
        Key("limit", \.limit, "the number before which it ends"),
        Key("step", \.step, "the distance from one number to the next"),
        Key("type", \.type, "the type of the numbers; that of the inputs if there are any"),
        inputsKey,
    ]

    public func validate() throws {
        guard step != 0, step.isFinite, start.isFinite, limit?.isFinite ?? true else {
            throw TesseraError(
                .invalidArgument,
                "expected numbers and a 'step' other than 0, found \(start), \(limit.map(String.init(describing:)) ?? "nothing") and \(step)"
            )
        }
    }

    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        var (op, control) = (self, ControlInputs(inputs))
        if let start = try control.number("start") { op.start = start }
        if let limit = try control.number("limit") { op.limit = limit }
        if let step = try control.number("step") { op.step = step }
        if !inputs.isEmpty { op.type = try commonType(of: inputs.map(\.elementType)) { $0 != .bool } }
        try op.validate()
        return try control.resolution(op)
    }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] { [inputs.first ?? type] }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        guard let limit else { throw TesseraError(.invalidArgument, "'range' misses its 'limit'") }
        let count = max(0, ((limit - start) / step).rounded(.up))
        return [try Shape([Int(exactly: count) ?? .max]).computableBeforehand()]
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let shape = try outputShapes(for: [])[0]
        let numbers = (0..<shape[0]).map { start + Double($0) * step }
        return [try Tensor(reals: numbers, shape: shape, elementType: type)]
    }
}
