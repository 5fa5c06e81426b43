import TesseraCore

/// min(max(x, minimum), maximum): `maximum` everywhere if it is below `minimum`.
public struct Clip: DifferentiableUnary, SelectsInputs, Equatable {
    public static let name = "clip"
    public static let summary = "Values brought into a range"
    public static let inputNames = ["x", "minimum", "maximum"]

    public var minimum: Double?
    public var maximum: Double?
    public var inputs: [String]?

    public init() {}

    public init(minimum: Double? = nil, maximum: Double? = nil) {
        (self.minimum, self.maximum) = (minimum, maximum)
    }

    public static let keys: [Key<Clip>] = [
        Key("minimum", \.minimum, "the smallest value; none if left out"),
        Key("maximum", \.maximum, "the largest value; none if left out"),
        inputsKey,
    ]

    public func validate() throws {
        guard minimum?.isNaN != true, maximum?.isNaN != true else {
            throw TesseraError(.invalidArgument, "expected numbers for 'minimum' and 'maximum', found NaN")
        }
    }

    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        var (op, control) = (self, ControlInputs(inputs))
        if let minimum = try control.number("minimum") { op.minimum = minimum }
        if let maximum = try control.number("maximum") { op.maximum = maximum }
        try op.validate()
        return op.minimum == nil && op.maximum == nil ? .input(0) : try control.resolution(op)
    }

    public static let takesIntegers = true

    public func value(_ x: Double) -> Double {
        if x.isNaN { return x }
        return min(max(x, minimum ?? -.infinity), maximum ?? .infinity)
    }

    public func derivative(_ x: Double) -> Double {
        x > minimum ?? -.infinity && x < maximum ?? .infinity ? 1 : 0
    }

    public func integer<Integer: FixedWidthInteger & TensorElement>(_ x: Integer) -> Integer {
        // Bounds beyond the type are its own.
        min(
            max(x, minimum.map { Integer(rounding: $0.rounded(.up)) } ?? .min),
            maximum.map { Integer(rounding: $0.rounded(.down)) } ?? .max)
    }
}
