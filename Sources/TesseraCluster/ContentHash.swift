import Crypto
import Foundation
import TesseraCore

/// The name of a weight: SHA-256 over its element type, shape and bytes, in hexadecimal.
///
/// Peers that name the same hash hold the same weight to the bit.
public struct ContentHash: Hashable, Sendable, Codable, CustomStringConvertible {
    /// 64 lower-case hexadecimal digits.
    public let hexadecimal: String

    /// Hashes `TYPE:SIZExSIZE…` in ASCII, a zero byte, and the elements as they lie in memory (little endian).
    public init(_ tensor: Tensor) {
        var hash = SHA256()
        hash.update(data: Array("\(tensor.elementType.rawValue):\(tensor.shape)".utf8) + [0])
        tensor.withUnsafeBytes { hash.update(bufferPointer: $0) }
        hexadecimal = Self.hexadecimal(of: hash.finalize())
    }

    /// Hashes the text as UTF-8.
    public init(text: String) { hexadecimal = Self.hexadecimal(of: SHA256.hash(data: Array(text.utf8))) }

    private static func hexadecimal(of digest: SHA256.Digest) -> String {
        digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// - Throws: `invalidArgument` unless `hexadecimal` is 64 lower-case hexadecimal digits.
    public init(hexadecimal: String) throws {
        guard hexadecimal.utf8.count == 64, hexadecimal.utf8.allSatisfy(Array("0123456789abcdef".utf8).contains) else {
            throw TesseraError(
                .invalidArgument,
                "expected a hash of 64 lower-case hexadecimal digits, "
                    + "found \(String(hexadecimal.prefix(80)).debugDescription)")
        }
        self.hexadecimal = hexadecimal
    }

    public init(from decoder: any Decoder) throws {
        try self.init(hexadecimal: try decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hexadecimal)
    }

    public var description: String { hexadecimal }
}
