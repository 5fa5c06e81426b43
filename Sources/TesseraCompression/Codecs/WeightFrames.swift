import TesseraCore

/// The size of grey frames.
public struct FrameFormat: Sendable, Equatable {
    public var width: Int
    public var height: Int
    public var count: Int
    /// Samples are below 2^bits; 1 to 16.
    public var bits: Int
    /// Of dependent quantization, the sample that stands for 0: whether samples less it are odd tells which quantizer the next one in
    /// the row is of, see `DependentState`; nil for others.
    public var dependentZero: UInt16?

    public init(width: Int, height: Int, count: Int = 1, bits: Int) {
        (self.width, self.height, self.count, self.bits) = (width, height, count, bits)
    }

    public var frameSampleCount: Int { Shape.saturatingProduct(width, height) }
    public var sampleCount: Int { Shape.saturatingProduct(frameSampleCount, count) }
    /// The largest sample.
    public var largest: UInt16 { UInt16(truncatingIfNeeded: 1 << bits - 1) }
}

/// What a codec takes and gives: grey frames, whose samples stand row by row, frame by frame.
public struct WeightFrames: Sendable, Equatable {
    public var format: FrameFormat
    public var samples: [UInt16]

    public init(_ format: FrameFormat, samples: [UInt16]) { (self.format, self.samples) = (format, samples) }

    /// Frames of all samples' upper or lower 8 bits, for codecs that hold no more.
    public func bytes(upper: Bool) -> WeightFrames {
        var format = format
        format.bits = upper ? max(1, self.format.bits - 8) : 8
        return WeightFrames(format, samples: samples.map { upper ? $0 >> 8 : $0 & 0xFF })
    }
}
