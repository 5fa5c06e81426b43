import TesseraCore
import TesseraTestSupport
import Testing

@Suite struct TensorTests {
    @Test("writing to a copy leaves the original alone, and only then takes memory of its own")
    func copyOnWrite() throws {
        let original = try Tensor([1, 2, 3], shape: [3])
        var copy = original
        #expect(address(of: copy) == address(of: original))
        try copy.withMutableFloats { $0[1] = 9 }
        #expect(try original.floats() == [1, 2, 3])
        #expect(try copy.floats() == [1, 9, 3])
        let before = address(of: copy)
        try copy.withMutableFloats { $0[2] = 8 }
        #expect(address(of: copy) == before, "a tensor that nobody shares is written in place")
    }

    @Test("a reshaped tensor shares memory but not writes")
    func reshaping() throws {
        let flat = try Tensor([1, 2, 3, 4, 5, 6], shape: [6])
        var table = try flat.reshaped(to: [2, 3])
        try table.withMutableFloats { $0[0] = -1 }
        #expect(try flat.floats()[0] == 1)
        #expect(table.shape == [2, 3])
        expectError(.shapeMismatch, "6 elements", "4x2") { try flat.reshaped(to: [4, 2]) }
    }

    @Test("borrowed memory is read where it stands and never written")
    func borrowing() throws {
        let owner = Bytes([1, 2, 3, 4])
        var tensor = try Tensor(borrowing: owner.bytes, shape: [2, 2], elementType: .f32, owner: owner)
        #expect(address(of: tensor) == owner.bytes.baseAddress)
        try tensor.withMutableFloats { $0[3] = 100 }
        #expect(owner.floats == [1, 2, 3, 4])
        #expect(try tensor.floats() == [1, 2, 3, 100])
        var again = try Tensor(borrowing: owner.bytes, shape: [4], elementType: .f32, owner: owner)
        try again.paste(Tensor([7], shape: [1]), at: Region([2..<3]))
        #expect(owner.floats == [1, 2, 3, 4])
        expectError(.shapeMismatch, "16 bytes") {
            try Tensor(borrowing: owner.bytes, shape: [5], elementType: .f32, owner: owner)
        }
    }

    @Test("borrowed memory lives as long as a tensor reads it")
    func borrowingKeepsTheOwner() throws {
        weak var owner: Bytes?
        var tensor: Tensor?
        do {
            let bytes = Bytes([5, 6])
            owner = bytes
            tensor = try Tensor(borrowing: bytes.bytes, shape: [2], elementType: .f32, owner: bytes)
        }
        #expect(owner != nil)
        #expect(try tensor?.floats() == [5, 6])
        tensor = nil
        #expect(owner == nil)
    }

    @Test("equality is to the bit: NaN equals the same NaN, 0 differs from -0, shape and type count")
    func equality() throws {
        func tensor(_ values: Float...) throws -> Tensor { try Tensor(values, shape: [values.count]) }
        let quietWithPayload = Float(bitPattern: 0x7fc0_0001)
        #expect(try tensor(.nan, 1) == tensor(.nan, 1))
        #expect(try tensor(.nan) != tensor(quietWithPayload))
        #expect(try tensor(0) != tensor(-0.0))
        #expect(try tensor(1, 2) != tensor(1, 2).reshaped(to: [2, 1]))
        #expect(try Tensor(zeros: [2], elementType: .i32) != Tensor(zeros: [2]))
        #expect(try Tensor(zeros: [0, 3]) == Tensor(zeros: [0, 3]))
        #expect(try Tensor(zeros: [0, 3]) != Tensor(zeros: [3, 0]))
    }

    @Test(
        "sizes that no memory holds are refused, and so are negative ones",
        arguments: [
            [1 << 40, 1 << 40], [Int.max], [1 << 45], [Int.max, Int.max, Int.max], [1 << 62, 2],
        ])
    func absurdSizes(dimensions: [Int]) {
        expectError(.outOfMemory) { try Tensor(zeros: Shape(dimensions)) }
    }

    @Test(
        "a negative size is refused, even if the product is positive", arguments: [[-1], [2, -3], [-1, -2], [-4, 0]])
    func negativeSizes(dimensions: [Int]) {
        expectError(.shapeMismatch, Shape(dimensions).description) { try Tensor(zeros: Shape(dimensions)) }
        expectError(.shapeMismatch) { try Tensor([1, 2], shape: Shape(dimensions)) }
    }

    @Test("values that do not fill the shape, and floats asked of another type, are refused")
    func wrongUse() throws {
        expectError(.shapeMismatch, "expected 6 values", "found 5") { try Tensor([1, 2, 3, 4, 5], shape: [2, 3]) }
        var bytes = try Tensor(zeros: [3], elementType: .u8)
        expectError(.invalidArgument, "f32", "u8") { try bytes.floats() }
        expectError(.invalidArgument, "f32", "u8") { try bytes.withMutableFloats { $0[0] = 1 } }
    }

    @Test(
        "byte counts follow the element type",
        arguments: [
            (ElementType.f32, 4), (.f16, 2), (.bf16, 2), (.u8, 1), (.i8, 1), (.i32, 4), (.i64, 8),
        ])
    func byteCounts(type: ElementType, size: Int) throws {
        #expect(try Tensor(zeros: [3, 5], elementType: type).byteCount == 15 * size)
        #expect(try Tensor(zeros: [], elementType: type).byteCount == size)
        #expect(try Tensor(zeros: [0], elementType: type).byteCount == 0)
    }

    private func address(of tensor: Tensor) -> UnsafeRawPointer? { tensor.withUnsafeBytes(\.baseAddress) }
}

/// Floats in memory of its own.
private final class Bytes: Sendable {
    nonisolated(unsafe) let bytes: UnsafeRawBufferPointer

    init(_ values: [Float]) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: values.count * 4, alignment: 64)
        values.withUnsafeBytes { copy.copyMemory(from: $0) }
        bytes = UnsafeRawBufferPointer(copy)
    }

    var floats: [Float] { Array(bytes.bindMemory(to: Float.self)) }

    deinit { bytes.deallocate() }
}
