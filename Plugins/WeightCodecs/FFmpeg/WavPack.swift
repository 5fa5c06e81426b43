import CFFmpeg
import TesseraCompression
import TesseraCore

/// WavPack: adaptive prediction and Golomb codes, for sound of up to 16 bits.
public struct WavPack: WeightCodec, Configurable {
    public static let name = "wavpack"
    public static let summary = "WavPack sound, lossless"

    public init() {}

    public static let keys: [Key<WavPack>] = []

    public var kind: WeightCodecKind { .audio }
    public var isLossless: Bool { true }

    private let codec = AudioStream(
        stream: MediaStream(encoder: "wavpack", decoder: "wavpack"), format: AV_SAMPLE_FMT_S16P)

    public func check(bits: Int) throws { try codec.stream.check() }

    public func encode(_ frames: WeightFrames) throws -> [UInt8] {
        try codec.encode(frames, options: ["compression_level": "4"])
    }

    public func decode(_ bytes: UnsafeRawBufferPointer, as format: FrameFormat) throws -> WeightFrames {
        try codec.decode(bytes, as: format)
    }
}
