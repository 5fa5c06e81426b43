import CFFmpeg
import TesseraCompression
import TesseraCore

/// AAC, which keeps what ears hear. Weights are noise to it, so this shows what such a codec costs more than it serves. Decoders that
/// round otherwise give other weights, which a file's hashes notice.
public struct AAC: WeightCodec, Configurable {
    public static let name = "aac"
    public static let summary = "AAC sound, lossy"

    public var quality = 100

    public init() {}

    public static let keys: [Key<AAC>] = [Key("quality", \.quality, "from 1, 24 kbit/s, to 100, 256 kbit/s")]

    public func validate() throws { try Quality.check(quality) }

    public var kind: WeightCodecKind { .audio }
    public var isLossless: Bool { false }
    public var decodesEverywhereAlike: Bool { false }

    private let codec = AudioStream(
        stream: MediaStream(encoder: "aac", decoder: "aac"), format: AV_SAMPLE_FMT_FLTP)

    public func check(bits: Int) throws { try codec.stream.check() }

    public func encode(_ frames: WeightFrames) throws -> [UInt8] {
        try codec.encode(frames, options: [:]) { context in
            context.bit_rate = Int64(Quality.scaled(quality, worst: 24_000, best: 256_000))
        }
    }

    public func decode(_ bytes: UnsafeRawBufferPointer, as format: FrameFormat) throws -> WeightFrames {
        try codec.decode(bytes, as: format)
    }
}
