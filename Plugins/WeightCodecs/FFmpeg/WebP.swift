import CFFmpeg
import TesseraCompression
import TesseraCore

/// Lossless WebP, which has colours only: grey becomes three equal ones, whose differences take no room. The two bytes of 16 bits
/// go into two pictures.
public struct WebP: WeightCodec, Configurable {
    public static let name = "webp"
    public static let summary = "WebP pictures, lossless"

    public init() {}

    public static let keys: [Key<WebP>] = []

    public var kind: WeightCodecKind { .image }
    public var isLossless: Bool { true }
    public var limits: WeightCodecLimits { WeightCodecLimits(width: 16383, height: 16383) }

    private let codec = PictureStream(
        stream: MediaStream(encoder: "libwebp", decoder: "webp"), narrow: AV_PIX_FMT_BGRA, wide: nil)

    public func check(bits: Int) throws { try codec.check(bits: bits, isLossless: isLossless) }

    public func encode(_ frames: WeightFrames) throws -> [UInt8] {
        try codec.encode(frames) { _, _ in ["lossless": "1", "compression_level": "6", "quality": "100"] }
    }

    public func decode(_ bytes: UnsafeRawBufferPointer, as format: FrameFormat) throws -> WeightFrames {
        try codec.decode(bytes, as: format)
    }
}
