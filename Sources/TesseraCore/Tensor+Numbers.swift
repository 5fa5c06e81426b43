extension Tensor {
    /// Checks that a tensor holds no NaN.
    ///
    /// - Parameter name: what the tensor is, for the message.
    /// - Throws: `invalidArgument` with the first place that does not hold a number.
    public func requireNumbers(_ name: String) throws {
        guard elementType.isFloatingPoint else { return }
        let first =
            elementType == .f32
            ? try withFloats { $0.firstIndex(where: \.isNaN) } : reals().firstIndex(where: \.isNaN)
        guard let first else { return }
        throw TesseraError(.invalidArgument, "expected numbers in \(name), found NaN at element \(first) of \(shape)")
    }
}
