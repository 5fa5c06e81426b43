import CFFmpeg
import TesseraCompression
import TesseraCore

/// JPEG 2000: lossless with its whole-number wavelet, lossy with the other one.
public struct JPEG2000: WeightCodec, Configurable {
    public static let name = "jpeg2000"
    public static let summary = "JPEG 2000 pictures, lossless or lossy"

    public var quality: Int?

    public init() {}

    public static let keys: [Key<JPEG2000>] = [Key("quality", \.quality, Quality.summary)]

    public func validate() throws { try Quality.check(quality) }

    public var kind: WeightCodecKind { .image }
    public var isLossless: Bool { quality == nil }
    /// The decoder takes no rows that are much longer.
    public var limits: WeightCodecLimits { WeightCodecLimits(width: 1 << 15, height: 1 << 15) }

    private let codec = PictureStream(
        stream: MediaStream(encoder: "libopenjpeg", decoder: "jpeg2000"), narrow: AV_PIX_FMT_GRAY8,
        wide: AV_PIX_FMT_GRAY16LE)

    public func check(bits: Int) throws { try codec.check(bits: bits, isLossless: isLossless) }

    public func encode(_ frames: WeightFrames) throws -> [UInt8] {
        try codec.encode(frames) { width, height in
            // The wavelet halves a picture as often as its shorter side allows.
            let halvings = Int.bitWidth - 1 - min(width, height).leadingZeroBitCount
            var options = ["format": "j2k", "numresolution": String(min(6, halvings + 1))]
            if let quality {
                options["irreversible"] = "1"
                // How many times smaller than the samples: 1 at best, 20 at worst.
                options["compression_level"] = String(Int(Quality.scaled(quality, worst: 20, best: 1).rounded()))
            }
            return options
        }
    }

    public func decode(_ bytes: UnsafeRawBufferPointer, as format: FrameFormat) throws -> WeightFrames {
        try codec.decode(bytes, as: format)
    }
}
