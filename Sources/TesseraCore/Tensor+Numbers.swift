extension Tensor {
    /// Checks that a tensor holds no NaN.
    ///
    /// - Parameter name: what the tensor is, for the message.
    /// - Throws: `invalidArgument` with the first place that does not hold a number.
    public func requireNumbers(_ name: String) throws {
        guard elementType.isFloatingPoint else { return }
        if elementType == .f32, largestBits <= Float.infinity.bitPattern { return }
        guard let first = reals().firstIndex(where: \.isNaN) else { return }
        throw TesseraError(.invalidArgument, "expected numbers in \(name), found NaN at element \(first) of \(shape)")
    }

    /// The largest magnitude of its elements; NaN if one of them is.
    public var largestMagnitude: Double {
        if elementType == .f32 { return Double(Float(bitPattern: largestBits)) }
        return reals().reduce(0) { $0.isNaN || $1.isNaN ? .nan : max($0, $1.magnitude) }
    }

    /// The bits of the largest magnitude of binary32 elements, which are in the order of magnitudes, with what is no number above
    /// infinity.
    private var largestBits: UInt32 {
        // Weights in a file need not be aligned, and are too large to be copied for this.
        withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return 0 }
            var largest: UInt32 = 0
            for index in 0..<elementCount {
                let bits = start.loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self)
                largest = max(largest, bits & 0x7FFF_FFFF)
            }
            return largest
        }
    }
}
