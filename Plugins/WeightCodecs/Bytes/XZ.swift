import TesseraCompression
import TesseraCore

/// LZMA2 in an .xz stream, as `xz -9e` makes it.
public struct XZ: WeightCodec, Configurable {
    public static let name = "xz"
    public static let summary = "LZMA2 as of 'xz -9e', lossless"

    public init() {}

    public static let keys: [Key<XZ>] = []

    public var kind: WeightCodecKind { .bytes }
    public var isLossless: Bool { true }

    public func check(bits: Int) throws {}

    public func encode(_ frames: WeightFrames) throws -> [UInt8] {
        try XZStream.encode(SampleBytes.bytes(of: frames))
    }

    public func decode(_ bytes: UnsafeRawBufferPointer, as format: FrameFormat) throws -> WeightFrames {
        try SampleBytes.frames(of: XZStream.decode(bytes, limit: SampleBytes.count(format)), as: format)
    }
}
