import TesseraCompression
import TesseraCore

/// Samples as bytes: one for each of up to 8 bits; of more, all upper bytes before all lower ones, which differ more.
enum SampleBytes {
    static func bytes(of frames: WeightFrames) -> [UInt8] {
        let lower = frames.samples.map { UInt8(truncatingIfNeeded: $0) }
        return frames.format.bits <= 8 ? lower : frames.samples.map { UInt8($0 >> 8) } + lower
    }

    /// The number of bytes that such frames take.
    static func count(_ format: FrameFormat) -> Int {
        Shape.saturatingProduct(format.sampleCount, format.bits <= 8 ? 1 : 2)
    }

    /// - Throws: `malformedFile` for another number of bytes.
    static func frames(of bytes: [UInt8], as format: FrameFormat) throws -> WeightFrames {
        guard bytes.count == count(format) else {
            throw TesseraError(.malformedFile, "expected \(count(format)) bytes, found \(bytes.count)")
        }
        let samples = format.sampleCount
        let largest = format.largest
        return WeightFrames(
            format,
            samples: (0..<samples).map { index in
                let value =
                    format.bits <= 8
                    ? UInt16(bytes[index]) : UInt16(bytes[index]) << 8 | UInt16(bytes[samples + index])
                return min(value, largest)
            })
    }
}
