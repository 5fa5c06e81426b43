import TesseraCore

/// A broadcasting operator that compares two inputs of one type.
public protocol Comparison: Broadcasting {
    /// Whether truth values are compared, too.
    static var takesTruth: Bool { get }
    func holds<Number: Comparable>(_ a: Number, _ b: Number) -> Bool
}

extension Comparison {
    public static var takesTruth: Bool { false }
    public static var inputNames: [String] { ["a", "b"] }
    public var inputCount: ClosedRange<Int> { 2...2 }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        _ = try commonType(of: inputs) { $0 != .bool || Self.takesTruth }
        return [.bool]
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let shape = try Shape(broadcasting: inputs.map(\.shape))
        let (a, b) = (try inputs[0].broadcast(to: shape), try inputs[1].broadcast(to: shape))
        if let type = a.elementType.swiftType as? any (FixedWidthInteger & TensorElement).Type {
            return [try compared(a, b, type)]
        }
        let truths = zip(a.reals(), b.reals()).map { Truth(holds($0, $1)) }
        return [try Tensor(elements: truths, shape: shape)]
    }

    private func compared<Integer: FixedWidthInteger & TensorElement>(
        _ a: Tensor, _ b: Tensor, _ type: Integer.Type
    ) throws -> Tensor {
        let truths = try zip(a.elements(type), b.elements(type)).map { Truth(holds($0, $1)) }
        return try Tensor(elements: truths, shape: a.shape)
    }
}
