import TesseraCompression
import TesseraCore

/// Binary arithmetic coding with contexts made for weights: how large weights are varies between output channels, input channels
/// and places in the kernel, so the magnitudes around a weight tell how large it will be. The predictions of several
/// contexts are mixed by weights that are learned on the way, as in PAQ (Mahoney, "Adaptive weighing of context models for lossless
/// data compression", 2005). Whole numbers only, so that every host decodes the same.
public struct ContextCoding: WeightCodec, Configurable {
    public static let name = "context"
    public static let summary =
        "arithmetic coding with mixed contexts of weights, lossless; the smallest of them, and slow"

    public init() {}

    public static let keys: [Key<ContextCoding>] = []

    public var kind: WeightCodecKind { .bytes }
    public var isLossless: Bool { true }

    public func check(bits: Int) throws {}

    public func encode(_ frames: WeightFrames) throws -> [UInt8] {
        let format = frames.format
        let centre =
            format.dependentZero.map(Int32.init) ?? Self.commonest(frames.samples, largest: format.largest)
        var coder = BinaryEncoder()
        let model = WeightModel(width: format.width, isDependent: format.dependentZero != nil)
        for row in 0..<format.height * format.count {
            model.startRow()
            for column in 0..<format.width {
                let value = Int32(frames.samples[row * format.width + column]) - centre
                _ = model.code(value, column: column, with: &coder)
            }
        }
        return [UInt8(truncatingIfNeeded: centre), UInt8(truncatingIfNeeded: centre >> 8)] + coder.finish()
    }

    public func decode(_ bytes: UnsafeRawBufferPointer, as format: FrameFormat) throws -> WeightFrames {
        guard bytes.count >= 2 else { throw TesseraError(.malformedFile, "the stream is cut off") }
        let centre = Int32(bytes[0]) | Int32(bytes[1]) << 8
        var coder = BinaryDecoder(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(2)))
        let model = WeightModel(width: format.width, isDependent: format.dependentZero != nil)
        let largest = Int32(format.largest)
        var samples: [UInt16] = []
        samples.reserveCapacity(format.sampleCount)
        for _ in 0..<format.height * format.count {
            model.startRow()
            for column in 0..<format.width {
                let value = model.code(0, column: column, with: &coder)
                samples.append(UInt16(min(max(value + centre, 0), largest)))
            }
            // Damaged bytes may go on for ever in zeros; whole ones end with their samples.
            guard !coder.isFarBeyondEnd else { throw TesseraError(.malformedFile, "the stream is cut off") }
        }
        return WeightFrames(format, samples: samples)
    }

    /// The commonest sample, the first of equal ones: most weights are near it.
    private static func commonest(_ samples: [UInt16], largest: UInt16) -> Int32 {
        var counts = [Int](repeating: 0, count: Int(largest) + 1)
        for sample in samples { counts[Int(sample)] += 1 }
        var best = 0
        for (value, count) in counts.enumerated() where count > counts[best] { best = value }
        return Int32(best)
    }
}
