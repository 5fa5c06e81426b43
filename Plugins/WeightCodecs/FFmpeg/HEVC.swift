import CFFmpeg
import TesseraCompression
import TesseraCore

/// HEVC by x265, with motion search from block to block. The two bytes of 16 bits go into two films.
public struct HEVC: WeightCodec, Configurable {
    public static let name = "hevc"
    public static let summary = "HEVC film, lossless or lossy"

    public var quality: Int?

    public init() {}

    public static let keys: [Key<HEVC>] = [Key("quality", \.quality, Quality.summary)]

    public func validate() throws { try Quality.check(quality) }

    public var kind: WeightCodecKind { .video }
    public var isLossless: Bool { quality == nil }
    public var limits: WeightCodecLimits { WeightCodecLimits(width: 8192, height: 8192) }

    // x265 3.5 writes beyond its memory for pictures of 32x32, and errs for those of one coding tree unit, which are smaller here.
    private let codec = PictureStream(
        stream: MediaStream(encoder: "libx265", decoder: "hevc"), narrow: AV_PIX_FMT_GRAY8, wide: nil, smallestSide: 64,
        isVideo: true)

    public func check(bits: Int) throws { try codec.check(bits: bits, isLossless: isLossless) }

    public func encode(_ frames: WeightFrames) throws -> [UInt8] {
        try codec.encode(frames) { _, _ in
            // One thread, and nothing but the picture in the stream.
            let common = "log-level=none:pools=none:frame-threads=1:wpp=0:info=0:repeat-headers=1:ctu=32"
            guard let quality else { return ["preset": "slow", "x265-params": common + ":lossless=1"] }
            let factor = Quality.scaled(quality, worst: 51, best: 1)
            return ["preset": "slow", "x265-params": common + ":crf=\(factor)"]
        }
    }

    public func decode(_ bytes: UnsafeRawBufferPointer, as format: FrameFormat) throws -> WeightFrames {
        try codec.decode(bytes, as: format)
    }
}
