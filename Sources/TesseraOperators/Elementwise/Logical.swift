import TesseraCore

/// A broadcasting operator that combines two truth values.
public protocol Logical: Broadcasting {
    func holds(_ a: Bool, _ b: Bool) -> Bool
}

extension Logical {
    public static var inputNames: [String] { ["a", "b"] }
    public var inputCount: ClosedRange<Int> { 2...2 }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        [try commonType(of: inputs) { $0 == .bool }]
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let shape = try Shape(broadcasting: inputs.map(\.shape))
        let (a, b) = (try inputs[0].broadcast(to: shape), try inputs[1].broadcast(to: shape))
        let truths = try zip(a.elements(Truth.self), b.elements(Truth.self)).map { Truth(holds($0.isTrue, $1.isTrue)) }
        return [try Tensor(elements: truths, shape: shape)]
    }
}
