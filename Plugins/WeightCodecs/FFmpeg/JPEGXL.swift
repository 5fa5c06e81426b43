import CFFmpeg
import TesseraCompression
import TesseraCore

/// JPEG XL: lossless in its modular mode, or lossy.
public struct JPEGXL: WeightCodec, Configurable {
    public static let name = "jpegxl"
    public static let summary = "JPEG XL pictures, lossless or lossy"

    public var quality: Int?

    public init() {}

    public static let keys: [Key<JPEGXL>] = [Key("quality", \.quality, Quality.summary)]

    public func validate() throws { try Quality.check(quality) }

    public var kind: WeightCodecKind { .image }
    public var isLossless: Bool { quality == nil }
    public var decodesEverywhereAlike: Bool { isLossless }
    /// Those of the format's level 5.
    public var limits: WeightCodecLimits { WeightCodecLimits(width: 1 << 18, height: 1 << 18) }

    private let codec = PictureStream(
        stream: MediaStream(encoder: "libjxl", decoder: "libjxl"), narrow: AV_PIX_FMT_GRAY8, wide: AV_PIX_FMT_GRAY16LE)

    public func check(bits: Int) throws { try codec.check(bits: bits, isLossless: isLossless) }

    public func encode(_ frames: WeightFrames) throws -> [UInt8] {
        try codec.encode(frames) { _, _ in
            guard let quality else { return ["distance": "0", "effort": "7", "modular": "1"] }
            return ["distance": String(Quality.scaled(quality, worst: 15, best: 0.1)), "effort": "7"]
        }
    }

    public func decode(_ bytes: UnsafeRawBufferPointer, as format: FrameFormat) throws -> WeightFrames {
        try codec.decode(bytes, as: format)
    }
}
