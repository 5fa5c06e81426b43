import TesseraCore

extension Tensor {
    /// The same numbers as f32, rounded to nearest.
    public func convertedToF32() throws -> Tensor {
        if elementType == .f32 { return self }
        return try Tensor(reals: reals(), shape: shape, elementType: .f32)
    }
}
