import TesseraCore

/// a / b, element by element. Integers drop the fraction, and cannot be divided by zero.
public struct Divide: DifferentiableBinary, Equatable {
    public static let name = "divide"
    public static let summary = "Quotient of two inputs"
    public static let keys: [Key<Divide>] = []

    public init() {}

    /// - Throws: `invalidArgument` if an integer is divided by zero.
    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let divisor = inputs[1]
        if divisor.elementType.isInteger, let offset = divisor.integers().firstIndex(of: 0) {
            throw TesseraError(
                .invalidArgument, "integers cannot be divided by zero, found at element \(offset) of \(divisor.shape)")
        }
        return [try combined(inputs)]
    }

    public func value(_ a: Double, _ b: Double) -> Double { a / b }
    public func derivatives(_ a: Double, _ b: Double) -> (Double, Double) { (1 / b, -a / (b * b)) }

    /// The smallest integer divided by -1 wraps around to itself.
    public func integer<Integer: FixedWidthInteger>(_ a: Integer, _ b: Integer) -> Integer {
        a.dividedReportingOverflow(by: b).partialValue
    }
}
