import TesseraCore

/// Weights of a task as bytes that are fewer than those of their elements, for the way to nodes.
public struct CodedWeights: Sendable {
    private var bytes: [ContentHash: [UInt8]] = [:]

    /// Sends all weights as they are.
    public init() {}

    public var isEmpty: Bool { bytes.isEmpty }

    /// Adds what a node's `WeightDecoder` makes the weight of, to the bit; more bytes than the weight has itself are left out.
    public mutating func add(_ coded: [UInt8], for tensor: Tensor) {
        if coded.count < tensor.byteCount { bytes[ContentHash(tensor)] = coded }
    }

    subscript(hash: ContentHash) -> [UInt8]? { bytes[hash] }
}

/// Makes weights of what a leader sends in their place.
public protocol WeightDecoder: Sendable {
    /// The weight that the bytes stand for. They may come from anybody.
    ///
    /// - Throws: what is wrong with them; `protocolViolation` if they stand for anything but one tensor of that shape and type.
    func tensor(of bytes: [UInt8], shape: Shape, elementType: ElementType) throws -> Tensor
}
