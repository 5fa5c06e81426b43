import CCompression
import TesseraCompression
import TesseraCore

/// Zstandard at its strongest usual level: no model of weights, for comparison, and the fastest to decode.
public struct Zstandard: WeightCodec, Configurable {
    public static let name = "zstd"
    public static let summary = "Zstandard, lossless"

    public var level = 19

    public init() {}

    public static let keys: [Key<Zstandard>] = [Key("level", \.level, "from 1, the fastest, to 22, the smallest")]

    public func validate() throws {
        guard (1...22).contains(level) else {
            throw TesseraError(.invalidArgument, "expected 'level' from 1 to 22, found \(level)")
        }
    }

    public var kind: WeightCodecKind { .bytes }
    public var isLossless: Bool { true }

    public func check(bits: Int) throws {}

    public func encode(_ frames: WeightFrames) throws -> [UInt8] {
        let bytes = SampleBytes.bytes(of: frames)
        var result = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
        let count = ZSTD_compress(&result, result.count, bytes, bytes.count, Int32(level))
        guard ZSTD_isError(count) == 0 else {
            throw TesseraError(.backendFailure, "zstd cannot encode it: \(String(cString: ZSTD_getErrorName(count)))")
        }
        return Array(result.prefix(count))
    }

    public func decode(_ bytes: UnsafeRawBufferPointer, as format: FrameFormat) throws -> WeightFrames {
        var result = [UInt8](repeating: 0, count: SampleBytes.count(format))
        let count = ZSTD_decompress(&result, result.count, bytes.baseAddress, bytes.count)
        guard ZSTD_isError(count) == 0 else {
            throw TesseraError(.malformedFile, "zstd cannot decode it: \(String(cString: ZSTD_getErrorName(count)))")
        }
        return try SampleBytes.frames(of: Array(result.prefix(count)), as: format)
    }
}
