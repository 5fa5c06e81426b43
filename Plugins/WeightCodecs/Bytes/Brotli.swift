import CCompression
import TesseraCompression
import TesseraCore

/// Brotli at its strongest level.
public struct Brotli: WeightCodec, Configurable {
    public static let name = "brotli"
    public static let summary = "Brotli, lossless"

    public init() {}

    public static let keys: [Key<Brotli>] = []

    public var kind: WeightCodecKind { .bytes }
    public var isLossless: Bool { true }

    public func check(bits: Int) throws {}

    public func encode(_ frames: WeightFrames) throws -> [UInt8] {
        let bytes = SampleBytes.bytes(of: frames)
        var count = max(64, BrotliEncoderMaxCompressedSize(bytes.count))
        var result = [UInt8](repeating: 0, count: count)
        guard BrotliEncoderCompress(11, 24, BROTLI_MODE_GENERIC, bytes.count, bytes, &count, &result) != 0 else {
            throw TesseraError(.backendFailure, "brotli cannot encode it")
        }
        return Array(result.prefix(count))
    }

    public func decode(_ bytes: UnsafeRawBufferPointer, as format: FrameFormat) throws -> WeightFrames {
        var count = SampleBytes.count(format)
        var result = [UInt8](repeating: 0, count: count)
        let input = bytes.bindMemory(to: UInt8.self).baseAddress
        guard BrotliDecoderDecompress(bytes.count, input, &count, &result) == BROTLI_DECODER_RESULT_SUCCESS else {
            throw TesseraError(.malformedFile, "brotli cannot decode it")
        }
        return try SampleBytes.frames(of: Array(result.prefix(count)), as: format)
    }
}
