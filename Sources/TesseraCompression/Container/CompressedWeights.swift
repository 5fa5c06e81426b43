import Foundation
import TesseraCore
import TesseraNetwork

/// Compressed weights at hand, ready to be written to a file.
public struct CompressedWeights: Sendable {
    public private(set) var index = CompressedWeightIndex()
    private var parts: [[UInt8]] = []

    /// The extension of such files.
    public static let fileExtension = "tcw"
    static let magic = Array("TESSERAW".utf8)
    static let version: UInt32 = 1
    /// Magic, version, lengths of the index compressed and plain, and the hash of these three and the index.
    static let headerSize = 8 + 4 + 4 + 4 + 16

    /// The most bytes that an index of so many bytes unpacks to: far more than one that was written has, and not so many that a small
    /// file takes much memory.
    static func indexLimit(codedByteCount count: Int) -> Int { 16 << 20 + 64 * count }

    /// - Parameters:
    ///   - layers: in the order in which they stand in the file.
    ///   - exact: the tensors that are kept as they are; nil if there are none.
    public init(layers: [EncodedLayer], exact: ExactTensors?) {
        for layer in layers {
            index.layers.append(layer.entry)
            parts += layer.parts
        }
        guard let exact else { return }
        index.exact = exact.entry
        parts.append(exact.bytes)
    }

    /// One layer.
    init(_ layer: CompressedWeightIndex.Layer, _ parts: [[UInt8]]) {
        index.layers = [layer]
        self.parts = parts
    }

    /// The bytes of the file.
    ///
    /// - Throws: `limitExceeded` for an index that readers would refuse.
    public func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let plain = Array(try encoder.encode(index))
        let coded = try XZStream.encode(plain)
        let limit = min(Self.indexLimit(codedByteCount: coded.count), Int(UInt32.max))
        guard plain.count <= limit else {
            throw TesseraError(
                .limitExceeded, "expected an index of at most \(limit) bytes unpacked, found \(plain.count)")
        }
        var bytes = Self.magic
        for number in [Self.version, UInt32(coded.count), UInt32(plain.count)] {
            withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
        }
        bytes += ShortHash(of: Array(bytes.dropFirst(Self.magic.count)) + coded).bytes + coded
        for part in parts { bytes += part }
        return bytes
    }

    /// Writes the file. The path holds all of it afterwards, or what it held before.
    ///
    /// - Returns: its size in bytes.
    @discardableResult
    public func write(to path: String) throws -> Int {
        let bytes = try encoded()
        try replaceFile(at: path) { try $0.write(bytes) }
        return bytes.count
    }
}
