import CFFmpeg
import TesseraCompression
import TesseraCore

/// Baseline JPEG, which is always lossy. FFmpeg's encoder has no grey: planes of constant colour take a few bits for each block.
public struct JPEG: WeightCodec, Configurable {
    public static let name = "jpeg"
    public static let summary = "JPEG pictures, lossy, 8 bits"

    public var quality = 90

    public init() {}

    public static let keys: [Key<JPEG>] = [
        Key("quality", \.quality, "from 1, the smallest files, to 100, the best")
    ]

    public func validate() throws { try Quality.check(quality) }

    public var kind: WeightCodecKind { .image }
    public var isLossless: Bool { false }
    public var limits: WeightCodecLimits { WeightCodecLimits(width: 65500, height: 65500) }

    private let codec = PictureStream(
        stream: MediaStream(encoder: "mjpeg", decoder: "mjpeg"), narrow: AV_PIX_FMT_YUVJ420P, wide: nil)

    public func check(bits: Int) throws { try codec.check(bits: bits, isLossless: isLossless) }

    public func encode(_ frames: WeightFrames) throws -> [UInt8] {
        let scale = Int32(Quality.scaled(quality, worst: 31, best: 1).rounded())
        return try codec.encode(frames) { _, _ in
            ["huffman": "optimal"]
        } configure: { context in
            context.flags |= AV_CODEC_FLAG_QSCALE
            (context.qmin, context.qmax) = (1, 31)
            context.global_quality = scale * FF_QP2LAMBDA
        }
    }

    public func decode(_ bytes: UnsafeRawBufferPointer, as format: FrameFormat) throws -> WeightFrames {
        try codec.decode(bytes, as: format)
    }
}
