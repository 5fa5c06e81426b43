import CFFmpeg
import TesseraCompression
import TesseraCore

/// Pictures of 8 or 16 bits in PNG files.
public struct PNG: WeightCodec, Configurable {
    public static let name = "png"
    public static let summary = "PNG pictures, lossless"

    public init() {}

    public static let keys: [Key<PNG>] = []

    public var kind: WeightCodecKind { .image }
    public var isLossless: Bool { true }
    public var limits: WeightCodecLimits { PictureStream.limits }

    private let codec = PictureStream(
        stream: MediaStream(encoder: "png", decoder: "png"), narrow: AV_PIX_FMT_GRAY8, wide: AV_PIX_FMT_GRAY16BE)

    public func check(bits: Int) throws { try codec.check(bits: bits, isLossless: isLossless) }

    public func encode(_ frames: WeightFrames) throws -> [UInt8] {
        try codec.encode(frames) { _, _ in ["compression_level": "9", "pred": "mixed"] }
    }

    public func decode(_ bytes: UnsafeRawBufferPointer, as format: FrameFormat) throws -> WeightFrames {
        try codec.decode(bytes, as: format)
    }
}
