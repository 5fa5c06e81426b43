import Foundation

/// A dense array of numbers in row-major order; a picture batch is NCHW.
///
/// A tensor is a value: copies share their memory until one of them is written to.
public struct Tensor: Sendable {
    public let shape: Shape
    public let elementType: ElementType
    private var storage: TensorStorage

    /// Bytes from which kernels like their buffers to start.
    public static let alignment = 64
    /// Bytes that no tensor reaches: no address space can hold them, though asking might succeed by overcommitment.
    public static let byteCountLimit = 1 << 46

    /// A tensor of zeros.
    ///
    /// - Throws: `shapeMismatch` for a negative size, `outOfMemory` if the shape asks for more memory than can be had.
    public init(zeros shape: Shape, elementType: ElementType = .f32) throws {
        try Self.requireSizes(shape)
        self.shape = shape
        self.elementType = elementType
        storage = try TensorStorage(byteCount: Shape.saturatingProduct(shape.elementCount, elementType.byteCount))
    }

    /// A tensor whose elements are whatever the memory held, for those who write every one of them.
    ///
    /// - Throws: as `init(zeros:elementType:)`.
    package init(unwritten shape: Shape, elementType: ElementType) throws {
        try Self.requireSizes(shape)
        self.shape = shape
        self.elementType = elementType
        let byteCount = Shape.saturatingProduct(shape.elementCount, elementType.byteCount)
        storage = try TensorStorage(byteCount: byteCount, zeroed: false)
    }

    /// An f32 tensor of the given values, in row-major order.
    public init(_ values: [Float], shape: Shape) throws {
        guard values.count == shape.elementCount else {
            throw TesseraError(
                .shapeMismatch, "expected \(shape.elementCount) values for \(shape), found \(values.count)")
        }
        try self.init(zeros: shape)
        withUnsafeMutableBytes { bytes in values.withUnsafeBytes { bytes.copyMemory(from: $0) } }
    }

    /// A tensor whose elements stand elsewhere, in memory that `owner` keeps alive and that nobody writes to. They need not be
    /// aligned for their type.
    public init(
        borrowing bytes: UnsafeRawBufferPointer, shape: Shape, elementType: ElementType, owner: AnyObject & Sendable
    ) throws {
        try Self.requireSizes(shape)
        guard bytes.count == Shape.saturatingProduct(shape.elementCount, elementType.byteCount) else {
            throw TesseraError(
                .shapeMismatch, "expected \(shape) \(elementType) to take its exact size, found \(bytes.count) bytes")
        }
        self.shape = shape
        self.elementType = elementType
        storage = TensorStorage(borrowing: bytes, owner: owner)
    }

    private init(shape: Shape, elementType: ElementType, storage: TensorStorage) {
        self.shape = shape
        self.elementType = elementType
        self.storage = storage
    }

    public var byteCount: Int { storage.bytes.count }
    /// What keeps the elements alive where they are; copies that share their memory have the same.
    public var memoryOwner: AnyObject { storage.memoryOwner }
    public var elementCount: Int { shape.elementCount }

    /// The elements in row-major order, as their bytes in memory, which may begin anywhere.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try body(UnsafeRawBufferPointer(storage.bytes))
    }

    /// The elements for writing. Memory that is shared with another tensor is copied first.
    public mutating func withUnsafeMutableBytes<Result>(
        _ body: (UnsafeMutableRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        if storage.isBorrowed || !isKnownUniquelyReferenced(&storage) { storage = storage.copy() }
        return try body(storage.bytes)
    }

    /// The elements in row-major order, as values of a type of their size, aligned for it: a copy of them if they are not.
    public func withElements<Element, Result>(
        as type: Element.Type, _ body: (UnsafeBufferPointer<Element>) throws -> Result
    ) rethrows -> Result {
        if isAligned(for: type) { return try withUnsafeBytes { try body($0.bindMemory(to: type)) } }
        let copy = storage.copy()
        return try withExtendedLifetime(copy) { try body(UnsafeRawBufferPointer(copy.bytes).bindMemory(to: type)) }
    }

    /// Whether the elements begin where values of a type may.
    public func isAligned<Element>(for type: Element.Type) -> Bool {
        Int(bitPattern: storage.bytes.baseAddress) % MemoryLayout<Element>.alignment == 0
    }

    /// The elements of an f32 tensor.
    ///
    /// - Throws: `invalidArgument` for another element type, and what `body` throws.
    public func withFloats<Result>(_ body: (UnsafeBufferPointer<Float>) throws -> Result) throws -> Result {
        try requireFloats()
        return try withElements(as: Float.self, body)
    }

    /// Gives back the memory that the elements take where a file has them as well; they are read again when they are asked for.
    public func discardMemory() {
        (memoryOwner as? any RereadableMemory)?.discard(UnsafeRawBufferPointer(storage.bytes))
    }

    /// The elements of an f32 tensor for writing.
    public mutating func withMutableFloats<Result>(
        _ body: (UnsafeMutableBufferPointer<Float>) throws -> Result
    ) throws -> Result {
        try requireFloats()
        return try withUnsafeMutableBytes { try body($0.bindMemory(to: Float.self)) }
    }

    /// The elements of an f32 tensor as an array.
    public func floats() throws -> [Float] { try withFloats(Array.init) }

    /// The same elements in another shape.
    ///
    /// - Throws: `shapeMismatch` if the number of elements differs.
    public func reshaped(to shape: Shape) throws -> Tensor {
        try Self.requireSizes(shape)
        guard shape.elementCount == elementCount else {
            throw TesseraError(.shapeMismatch, "expected a shape of \(elementCount) elements, found \(shape)")
        }
        return Tensor(shape: shape, elementType: elementType, storage: storage)
    }

    private static func requireSizes(_ shape: Shape) throws {
        guard shape.dimensions.allSatisfy({ $0 >= 0 }) else {
            throw TesseraError(.shapeMismatch, "expected sizes of at least 0, found \(shape)")
        }
    }

    private func requireFloats() throws {
        guard elementType == .f32 else {
            throw TesseraError(.invalidArgument, "expected a tensor of f32, found \(elementType)")
        }
    }
}

extension Tensor: Equatable {
    /// Equal to the bit: same shape, same type, same bytes. NaN equals the same NaN, and 0 differs from -0.
    public static func == (a: Tensor, b: Tensor) -> Bool {
        guard a.shape == b.shape, a.elementType == b.elementType else { return false }
        return a.withUnsafeBytes { left in b.withUnsafeBytes { right in left.elementsEqual(fastTo: right) } }
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func elementsEqual(fastTo other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        guard let a = baseAddress, let b = other.baseAddress else { return true }
        return memcmp(a, b, count) == 0
    }
}

/// Memory whose bytes a file has, too.
public protocol RereadableMemory: AnyObject, Sendable {
    /// Gives back the memory of these bytes until somebody reads them again.
    func discard(_ bytes: UnsafeRawBufferPointer)
}

/// The memory of one or several tensors.
///
/// `@unchecked Sendable`: the bytes are written only through `Tensor.withUnsafeMutableBytes`, which holds the sole
/// reference while it writes; everybody else reads.
private final class TensorStorage: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer
    private let owner: AnyObject?

    var isBorrowed: Bool { owner != nil }

    init(byteCount: Int, zeroed: Bool = true) throws {
        var pointer: UnsafeMutableRawPointer?
        guard byteCount < Tensor.byteCountLimit, posix_memalign(&pointer, Tensor.alignment, max(byteCount, 1)) == 0,
            let pointer
        else {
            throw TesseraError(.outOfMemory, "a tensor of \(byteCount) bytes does not fit in memory")
        }
        if zeroed { memset(pointer, 0, byteCount) }
        bytes = UnsafeMutableRawBufferPointer(start: pointer, count: byteCount)
        owner = nil
    }

    init(borrowing bytes: UnsafeRawBufferPointer, owner: AnyObject) {
        self.bytes = UnsafeMutableRawBufferPointer(mutating: bytes)
        self.owner = owner
    }

    private init(allocating byteCount: Int) {
        bytes = .allocate(byteCount: byteCount, alignment: Tensor.alignment)
        owner = nil
    }

    var memoryOwner: AnyObject { owner ?? self }

    func copy() -> TensorStorage {
        let copy = TensorStorage(allocating: bytes.count)
        copy.bytes.copyMemory(from: UnsafeRawBufferPointer(bytes))
        return copy
    }

    deinit {
        if owner == nil { free(bytes.baseAddress) }
    }
}
