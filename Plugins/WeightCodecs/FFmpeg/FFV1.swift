import CFFmpeg
import TesseraCompression
import TesseraCore

/// FFV1, the archives' codec: a range coder whose contexts go on from frame to frame. It predicts within frames only.
public struct FFV1: WeightCodec, Configurable {
    public static let name = "ffv1"
    public static let summary = "FFV1 film, lossless"

    public init() {}

    public static let keys: [Key<FFV1>] = []

    public var kind: WeightCodecKind { .video }
    public var isLossless: Bool { true }
    public var limits: WeightCodecLimits { PictureStream.limits }

    private let codec = PictureStream(
        stream: MediaStream(encoder: "ffv1", decoder: "ffv1"), narrow: AV_PIX_FMT_GRAY8, wide: AV_PIX_FMT_GRAY16LE,
        isVideo: true)

    public func check(bits: Int) throws { try codec.check(bits: bits, isLossless: isLossless) }

    public func encode(_ frames: WeightFrames) throws -> [UInt8] {
        // Version 1 has no slices, each of which would learn its contexts anew.
        try codec.encode(frames) { _, _ in ["level": "1", "coder": "range_tab", "context": "0"] }
    }

    public func decode(_ bytes: UnsafeRawBufferPointer, as format: FrameFormat) throws -> WeightFrames {
        try codec.decode(bytes, as: format)
    }
}
