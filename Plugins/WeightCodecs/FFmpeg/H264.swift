import CFFmpeg
import TesseraCompression
import TesseraCore

/// H.264 by x264, with motion search from block to block. The two bytes of 16 bits go into two films.
public struct H264: WeightCodec, Configurable {
    public static let name = "h264"
    public static let summary = "H.264 film, lossless or lossy"

    public var quality: Int?

    public init() {}

    public static let keys: [Key<H264>] = [Key("quality", \.quality, Quality.summary)]

    public func validate() throws { try Quality.check(quality) }

    public var kind: WeightCodecKind { .video }
    public var isLossless: Bool { quality == nil }
    public var limits: WeightCodecLimits { WeightCodecLimits(width: 8192, height: 8192) }

    private let codec = PictureStream(
        stream: MediaStream(encoder: "libx264", decoder: "h264"), narrow: AV_PIX_FMT_GRAY8, wide: nil, smallestSide: 16,
        isVideo: true)

    public func check(bits: Int) throws { try codec.check(bits: bits, isLossless: isLossless) }

    public func encode(_ frames: WeightFrames) throws -> [UInt8] {
        try codec.encode(frames) { _, _ in
            guard let quality else { return ["preset": "slower", "qp": "0"] }
            return ["preset": "slower", "crf": String(Quality.scaled(quality, worst: 51, best: 1))]
        }
    }

    public func decode(_ bytes: UnsafeRawBufferPointer, as format: FrameFormat) throws -> WeightFrames {
        try codec.decode(bytes, as: format)
    }
}
