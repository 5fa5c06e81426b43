import Tessera

/// The largest difference of two tensors over the largest expected element, or over 1 if that is larger; infinite if the shapes
/// differ or one alone is not a number.
public func relativeDifference(_ found: Tensor?, _ expected: Tensor) throws -> Float {
    guard let found, found.shape == expected.shape else { return .infinity }
    let (a, b) = (try found.floats(), try expected.floats())
    guard zip(a, b).allSatisfy({ $0.isNaN == $1.isNaN }) else { return .infinity }
    let scale = b.reduce(Float(1)) { max($0, abs($1)) }
    return zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) } / scale
}
