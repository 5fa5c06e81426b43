import TesseraCore

/// The number of elements of x. Nothing but the shape is read: it is a constant once that is known.
public struct SizeOf: Operator, Equatable {
    public static let name = "size"
    public static let summary = "The number of elements of the input"
    public static let shapes = "x of any shape → a scalar"
    public static let keys: [Key<SizeOf>] = []

    public init() {}

    public var isSpatiallyLocal: Bool { false }

    public func resolved(_ inputs: [GivenInput]) throws -> Resolution { try .constant(count(of: inputs[0].shape)) }
    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] { [.i64] }
    public func outputShapes(for inputs: [Shape]) throws -> [Shape] { [[]] }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        [try count(of: inputs[0].shape)]
    }

    private func count(of input: Shape) throws -> Tensor {
        try Tensor(integers: [Int64(input.elementCount)], shape: [])
    }
}
