extension Tensor {
    /// Checks that an f32 tensor holds no NaN.
    ///
    /// - Parameter name: what the tensor is, for the message.
    /// - Throws: `invalidArgument` with the first place that does not hold a number.
    public func requireNumbers(_ name: String) throws {
        guard elementType == .f32 else { return }
        try withFloats { values in
            guard let offset = values.firstIndex(where: \.isNaN) else { return }
            throw TesseraError(
                .invalidArgument, "expected numbers in \(name), found NaN at element \(offset) of \(shape)")
        }
    }
}
