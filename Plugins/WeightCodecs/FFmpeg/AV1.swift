import CFFmpeg
import TesseraCompression
import TesseraCore

/// AV1 by libaom, decoded by dav1d, with motion search from block to block. The two bytes of 16 bits go into two films.
public struct AV1: WeightCodec, Configurable {
    public static let name = "av1"
    public static let summary = "AV1 film, lossless or lossy; slow to encode"

    public var quality: Int?

    public init() {}

    public static let keys: [Key<AV1>] = [Key("quality", \.quality, Quality.summary)]

    public func validate() throws { try Quality.check(quality) }

    public var kind: WeightCodecKind { .video }
    public var isLossless: Bool { quality == nil }
    public var limits: WeightCodecLimits { WeightCodecLimits(width: 8192, height: 8192) }

    private let codec = PictureStream(
        stream: MediaStream(encoder: "libaom-av1", decoder: "libdav1d"), narrow: AV_PIX_FMT_GRAY8, wide: nil,
        smallestSide: 64, isVideo: true)

    public func check(bits: Int) throws { try codec.check(bits: bits, isLossless: isLossless) }

    public func encode(_ frames: WeightFrames) throws -> [UInt8] {
        try codec.encode(frames) { _, _ in
            let common = ["cpu-used": "6", "usage": "good"]
            guard let quality else { return common.merging(["crf": "0", "aom-params": "lossless=1"]) { $1 } }
            let factor = Int(Quality.scaled(quality, worst: 63, best: 1).rounded())
            return common.merging(["crf": String(factor)]) { $1 }
        }
    }

    public func decode(_ bytes: UnsafeRawBufferPointer, as format: FrameFormat) throws -> WeightFrames {
        try codec.decode(bytes, as: format)
    }
}
