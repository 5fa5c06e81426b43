import TesseraCore

/// The same numbers in another type. Integers drop the fraction; those that become narrower keep their lower bits, while numbers
/// with a fraction that do not fit become the nearest that does. Truth is 1, and all but 0 is true.
public struct Cast: Operator, Equatable {
    public static let name = "cast"
    public static let summary = "Elements of another type"

    public var type = ElementType.f32
    public var saturate = true

    public init() {}

    public init(type: ElementType) { self.type = type }

    public var isPointwise: Bool { true }
    public static let shorthandKey: String? = "type"
    public static let keys: [Key<Cast>] = [
        Key(required: "type", \.type, "the type of the result"),
        Key("saturate", \.saturate, "for types of 8 bits with a fraction, of which there are none yet"),
    ]

    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        try ControlInputs(inputs).eliding(self) { _, _ in inputs[0].elementType == type }
    }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] { [type] }
    public func outputShapes(for inputs: [Shape]) throws -> [Shape] { [inputs[0]] }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        OperatorTile(op: self, inputs: [region])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let x = inputs[0]
        // By way of binary64, 64-bit integers would lose their lower bits, or be rounded twice.
        switch (x.elementType, type) {
        case (.i64, .f32): return [try Tensor(elements: x.elements(Int64.self).map { Float($0) }, shape: x.shape)]
        case (.u64, .f32): return [try Tensor(elements: x.elements(UInt64.self).map { Float($0) }, shape: x.shape)]
        case _ where x.elementType.isInteger && !type.isFloatingPoint:
            return [try Tensor(integers: x.integers(), shape: x.shape, elementType: type)]
        default: return [try Tensor(reals: x.reals(), shape: x.shape, elementType: type)]
        }
    }
}
