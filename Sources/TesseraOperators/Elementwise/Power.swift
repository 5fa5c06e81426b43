import Foundation
import TesseraCore

/// a to the power of b, element by element, in the type of a. Integers wrap around; a negative exponent leaves what remains of
/// the fraction when it is dropped: 1, -1 or 0.
public struct Power: Broadcasting, Equatable {
    public static let name = "power"
    public static let summary = "The first input to the power of the second"
    public static let inputNames = ["base", "exponent"]
    public static let keys: [Key<Power>] = []

    public init() {}

    public var inputCount: ClosedRange<Int> { 2...2 }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        for type in inputs { _ = try commonType(of: [type]) { $0 != .bool } }
        return [inputs[0]]
    }

    /// - Throws: `invalidArgument` if the integer 0 is raised to a negative power.
    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let shape = try Shape(broadcasting: inputs.map(\.shape))
        let (base, exponent) = (try inputs[0].broadcast(to: shape), try inputs[1].broadcast(to: shape))
        if exponent.elementType.isInteger,
            let type = base.elementType.swiftType as? any (FixedWidthInteger & TensorElement).Type
        {
            return [try powers(base, exponent, type)]
        }
        let powers = zip(base.reals(), exponent.reals()).map { pow($0, $1) }
        return [try Tensor(reals: powers, shape: shape, elementType: base.elementType)]
    }

    private func powers<Integer: FixedWidthInteger & TensorElement>(
        _ base: Tensor, _ exponent: Tensor, _ type: Integer.Type
    ) throws -> Tensor {
        let isUnsigned = exponent.elementType == .u64
        let powers = try zip(base.elements(type), exponent.integers()).map { base, exponent in
            guard exponent < 0, !isUnsigned else { return power(base, UInt64(bitPattern: exponent)) }
            guard base != 0 else { throw TesseraError(.invalidArgument, "0 has no negative power among the integers") }
            let isUnit = base == 1 || (Integer.isSigned && base == 0 &- 1)
            return isUnit ? power(base, exponent.magnitude) : 0
        }
        return try Tensor(elements: powers, shape: base.shape)
    }

    /// By squaring: as many steps as the exponent has bits.
    private func power<Integer: FixedWidthInteger>(_ base: Integer, _ exponent: UInt64) -> Integer {
        var (result, square, rest) = (Integer(1), base, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result = result &* square }
            square = square &* square
            rest >>= 1
        }
        return result
    }
}
