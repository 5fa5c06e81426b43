import Foundation
import TesseraCore

/// A run of bytes that a message carries: the elements of a tensor, or anything else that is too large for JSON.
///
/// A blob is a value and never changes; copies share their memory, and so does the tensor it was made from.
public struct Blob: Sendable {
    private enum Storage: Sendable {
        case array([UInt8])
        case data(Data)
        case tensor(Tensor)
        case memory(BlobMemory)
    }

    private let storage: Storage
    /// The number of bytes.
    public let count: Int

    public init(_ bytes: [UInt8]) {
        storage = .array(bytes)
        count = bytes.count
    }

    public init(_ data: Data) {
        storage = .data(data)
        count = data.count
    }

    /// The elements of a tensor, without copying them. Shape and element type travel elsewhere, in the message's body.
    public init(_ tensor: Tensor) {
        storage = .tensor(tensor)
        count = tensor.byteCount
    }

    init(_ memory: BlobMemory) {
        storage = .memory(memory)
        count = memory.bytes.count
    }

    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        switch storage {
        case .array(let bytes): try bytes.withUnsafeBytes(body)
        case .data(let data): try data.withUnsafeBytes(body)
        case .tensor(let tensor): try tensor.withUnsafeBytes(body)
        case .memory(let memory): try body(UnsafeRawBufferPointer(memory.bytes))
        }
    }

    /// The bytes as the elements of a tensor. What a transport received is not copied.
    ///
    /// - Throws: `protocolViolation` if the shape cannot be one or does not take exactly these bytes.
    public func tensor(shape: Shape, elementType: ElementType = .f32) throws -> Tensor {
        let byteCount = Shape.saturatingProduct(shape.elementCount, elementType.byteCount)
        guard shape.dimensions.allSatisfy({ $0 >= 0 }), byteCount == count else {
            throw TesseraError(
                .protocolViolation, "expected the \(byteCount) bytes of \(shape) \(elementType), found \(count) bytes")
        }
        switch storage {
        case .memory(let memory):
            return try Tensor(
                borrowing: UnsafeRawBufferPointer(memory.bytes), shape: shape, elementType: elementType, owner: memory)
        case .tensor(let tensor) where tensor.elementType == elementType:
            return try tensor.reshaped(to: shape)
        default:
            var tensor = try Tensor(unwritten: shape, elementType: elementType)
            tensor.withUnsafeMutableBytes { target in withUnsafeBytes { target.copyMemory(from: $0) } }
            return tensor
        }
    }
}

extension Blob: Equatable {
    /// Equal bytes, wherever they came from.
    public static func == (a: Blob, b: Blob) -> Bool {
        guard a.count == b.count else { return false }
        return a.withUnsafeBytes { left in
            b.withUnsafeBytes { right in
                guard let x = left.baseAddress, let y = right.baseAddress else { return true }
                return memcmp(x, y, left.count) == 0
            }
        }
    }
}
