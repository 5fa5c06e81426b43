import TesseraCore

extension Tensor {
    /// The tensor with each number of f32 rounded to the nearest of `precision`, ties to even; a tensor of another type as it is.
    public func rounded(to precision: Precision) throws -> Tensor {
        guard elementType == .f32 else { return self }
        switch precision {
        case .f32: return self
        case .bf16: return try mapFloats { Float(BFloat16(rounding: Double($0)).real) }
        case .f16: return try mapFloats { Float(Float16($0)) }
        }
    }

    private func mapFloats(_ transform: (Float) -> Float) throws -> Tensor {
        var result = try Tensor(zeros: shape)
        try withFloats { source in
            try result.withMutableFloats { target in
                for index in source.indices { target[index] = transform(source[index]) }
            }
        }
        return result
    }
}
