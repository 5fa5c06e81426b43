import CFFmpeg
import TesseraCompression
import TesseraCore

/// FLAC: linear prediction and Rice codes, for sound of up to 16 bits.
public struct FLAC: WeightCodec, Configurable {
    public static let name = "flac"
    public static let summary = "FLAC sound, lossless"

    public init() {}

    public static let keys: [Key<FLAC>] = []

    public var kind: WeightCodecKind { .audio }
    public var isLossless: Bool { true }

    private let codec = AudioStream(
        stream: MediaStream(encoder: "flac", decoder: "flac"), format: AV_SAMPLE_FMT_S16)

    public func check(bits: Int) throws { try codec.stream.check() }

    public func encode(_ frames: WeightFrames) throws -> [UInt8] {
        try codec.encode(frames, options: ["compression_level": "12"])
    }

    public func decode(_ bytes: UnsafeRawBufferPointer, as format: FrameFormat) throws -> WeightFrames {
        try codec.decode(bytes, as: format)
    }
}
