/// An arithmetic coder of bits, each with the probability that it is 1, in 1/65536.
protocol BinaryCoder {
    /// Codes a bit: an encoder writes the one that it is given, a decoder gives the one that it reads.
    mutating func code(_ bit: Bool, probability: UInt32) -> Bool
}

/// Writes bits by narrowing a range of 32 bits, without carries.
struct BinaryEncoder: BinaryCoder {
    private var (low, high) = (UInt32(0), UInt32.max)
    private var bytes: [UInt8] = []

    mutating func code(_ bit: Bool, probability: UInt32) -> Bool {
        let middle = low + UInt32((UInt64(high - low) * UInt64(probability)) >> 16)
        if bit { high = middle } else { low = middle + 1 }
        while (low ^ high) & 0xFF00_0000 == 0 {
            bytes.append(UInt8(high >> 24))
            low <<= 8
            high = high << 8 | 0xFF
        }
        return bit
    }

    /// All bytes; as many of the range's as tell it from others, with the zeros that a decoder reads beyond the end.
    mutating func finish() -> [UInt8] {
        // Some number of the range has zeros after its first byte, or its first two, and so on.
        for count in 1...4 {
            let shift = UInt32(32 - 8 * count)
            let mask = shift == 0 ? UInt32.max : ~(UInt32(1) << shift - 1)
            let candidate = high & mask
            guard candidate >= low else { continue }
            for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: candidate >> UInt32(24 - 8 * index))) }
            break
        }
        while bytes.last == 0 { bytes.removeLast() }
        return bytes
    }
}

/// Reads what `BinaryEncoder` wrote; beyond the end are zeros.
///
/// The bytes belong to the one who made it, and outlive it.
struct BinaryDecoder: BinaryCoder {
    private var (low, high) = (UInt32(0), UInt32.max)
    private var value: UInt32 = 0
    private let bytes: UnsafeRawBufferPointer
    private var place = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        for _ in 0..<4 { value = value << 8 | next() }
    }

    /// Whether more was read than an encoder leaves out: it drops the zeros at the end, of which there may be many.
    var isFarBeyondEnd: Bool { place > bytes.count + 65536 }

    mutating func code(_ bit: Bool, probability: UInt32) -> Bool {
        let middle = low + UInt32((UInt64(high - low) * UInt64(probability)) >> 16)
        let bit = value <= middle
        if bit { high = middle } else { low = middle + 1 }
        while (low ^ high) & 0xFF00_0000 == 0 {
            low <<= 8
            high = high << 8 | 0xFF
            value = value << 8 | next()
        }
        return bit
    }

    private mutating func next() -> UInt32 {
        defer { place += 1 }
        return place < bytes.count ? UInt32(bytes[place]) : 0
    }
}
