import TesseraCore

/// x where the condition is true, y elsewhere, element by element.
public struct Where: Broadcasting, Equatable {
    public static let name = "where"
    public static let summary = "One of two inputs, chosen for each element"
    public static let inputNames = ["condition", "x", "y"]
    public static let keys: [Key<Where>] = []

    public init() {}

    public var inputCount: ClosedRange<Int> { 3...3 }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        guard inputs[0] == .bool else {
            throw TesseraError(.notSupported, "expected a condition of bool, found \(inputs[0])")
        }
        return [try commonType(of: Array(inputs.dropFirst())) { _ in true }]
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let shape = try Shape(broadcasting: inputs.map(\.shape))
        let operands = try inputs.map { try $0.broadcast(to: shape) }
        let conditions = try operands[0].elements(Truth.self)
        var result = operands[2]
        let size = result.elementType.byteCount
        result.withUnsafeMutableBytes { target in
            operands[1].withUnsafeBytes { source in
                for (index, condition) in conditions.enumerated() where condition.isTrue {
                    for byte in index * size..<(index + 1) * size { target[byte] = source[byte] }
                }
            }
        }
        return [result]
    }
}
