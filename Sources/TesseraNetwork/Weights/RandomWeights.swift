import TesseraCore

/// Weights drawn at random, for measuring speed and for starting to train.
///
/// Only integer arithmetic and one multiplication go into a number, so that every machine draws the same bits.
package enum RandomWeights {
    /// No weight that is drawn is larger: √2 times six deviations.
    static let largestMagnitude: Float = 9

    /// - Parameter name: the tensor's full name, which decides the numbers together with the seed.
    package static func tensor(_ specification: ParameterSpecification, named name: String, seed: Int) throws -> Tensor
    {
        if case .weight = specification.role, [.i8, .u8].contains(specification.elementType) {
            var generator = SplitMix64(seed: seed, name: name)
            let bytes = (0..<specification.shape.elementCount).map { _ in
                UInt8(truncatingIfNeeded: generator.next() >> 32)
            }
            guard specification.elementType == .i8 else {
                return try Tensor(elements: bytes, shape: specification.shape)
            }
            return try Tensor(elements: bytes.map { max(-127, Int8(bitPattern: $0)) }, shape: specification.shape)
        }
        // Other integers are indices and sizes, which cannot be drawn.
        guard specification.elementType == .f32 else {
            return try Tensor(zeros: specification.shape, elementType: specification.elementType)
        }
        var generator = SplitMix64(seed: seed, name: name)
        var tensor = try Tensor(zeros: specification.shape)
        try tensor.withMutableFloats { floats in
            switch specification.role {
            case .weight(let fanIn):
                let deviation = (2 / Float(max(fanIn, 1))).squareRoot()
                for index in floats.indices { floats[index] = deviation * generator.normal() }
            case .bias, .mean:
                for index in floats.indices { floats[index] = 0.01 * generator.normal() }
            case .scale:
                for index in floats.indices { floats[index] = 0.9 + 0.2 * generator.uniform() }
            case .variance:
                for index in floats.indices { floats[index] = 0.5 + generator.uniform() }
            }
        }
        return tensor
    }
}

/// Sebastiano Vigna's SplitMix64: https://prng.di.unimi.it/splitmix64.c
package struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    /// - Parameter name: what is drawn, so that one seed gives each thing numbers of its own.
    package init(seed: Int, name: String) {
        // FNV-1a over the name, mixed with the seed.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        state = UInt64(bitPattern: Int64(seed))
        state = next() ^ hash
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Uniform in 0..<1.
    package mutating func uniform() -> Float { Float(next() >> 40) / Float(1 << 24) }

    /// Mean 0, deviation 1, nearly normal: the sum of twelve uniform numbers of 16 bits each.
    package mutating func normal() -> Float {
        var sum: Int64 = 0
        for _ in 0..<3 {
            let bits = next()
            sum += Int64(bits & 0xFFFF) + Int64(bits >> 16 & 0xFFFF) + Int64(bits >> 32 & 0xFFFF) + Int64(bits >> 48)
        }
        return Float(sum - 6 * 0xFFFF) / 65536
    }
}
