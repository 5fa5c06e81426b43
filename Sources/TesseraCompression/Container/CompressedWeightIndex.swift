import Crypto
import Foundation
import TesseraCore

/// What a file of compressed weights says of itself: the tensors in it and how each is coded. docs/compression.md describes it.
public struct CompressedWeightIndex: Sendable, Codable {
    /// Tensors that are coded by themselves, in the order of their data.
    public var layers: [Layer] = []
    /// The tensors that are kept as they are, such as biases, one after the other; nil if there are none.
    public var exact: Exact?

    /// A tensor, and how its numbers are coded.
    public struct Layer: Sendable, Codable {
        /// `LAYER.parameter`.
        public var name: String
        public var shape: [Int]
        public var type: ElementType
        /// How numbers stand for weights; nil if the tensor has integers, which are kept as they are.
        public var mapping: WeightMapping?
        /// Of the integers; nil for others.
        public var integerBits: Int?
        /// Gates of a recurrent layer; nil for one.
        public var matrices: Int?
        public var layout: Layout
        /// The name of the weight codec, and its quality, which decoding does not need.
        public var codec: String
        public var quality: Int?
        /// How the rows of outputs were reordered: the row of the tensor that each coded row is; nil for not at all.
        public var order: [Int]?
        /// Of the decoded tensor.
        public var hash: ShortHash
        public var parts: [Part]

        /// Whether this is what decoding gives, to the bit.
        public func stands(for tensor: Tensor) -> Bool {
            tensor.shape.dimensions == shape && tensor.elementType == type
                && tensor.withUnsafeBytes { ShortHash(of: $0) } == hash
        }
    }

    /// A run of bytes that one call of the codec made: rows of one frame, or several whole frames.
    public struct Part: Sendable, Codable {
        public var frames: Range<Int>
        public var rows: Range<Int>
        public var byteCount: Int
        public var hash: ShortHash
    }

    /// Tensors that are kept as they are, coded together: all first bytes of their elements, then all second ones, and so on.
    public struct Exact: Sendable, Codable {
        public struct Member: Sendable, Codable {
            public var name: String
            public var shape: [Int]
            public var type: ElementType
        }

        public var members: [Member]
        public var codec: String
        public var byteCount: Int
        /// Of the coded bytes.
        public var hash: ShortHash
    }
}

/// The first 16 bytes of a SHA-256: enough that nobody finds other content with the same.
public struct ShortHash: Sendable, Equatable, Codable {
    public let bytes: [UInt8]

    public init(of bytes: UnsafeRawBufferPointer) {
        var hash = SHA256()
        hash.update(bufferPointer: bytes)
        self.bytes = Array(hash.finalize().prefix(16))
    }

    public init(of bytes: [UInt8]) { self = bytes.withUnsafeBytes { ShortHash(of: $0) } }

    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        bytes = Data(base64Encoded: text + "==").map(Array.init) ?? []
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        // 16 bytes always end with the same padding.
        try container.encode(String(Data(bytes).base64EncodedString().dropLast(2)))
    }
}
