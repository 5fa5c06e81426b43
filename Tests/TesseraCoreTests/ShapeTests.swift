import TesseraTestSupport
import Testing

@testable import TesseraCore

@Suite struct ShapeTests {
    @Test("sizes, strides and spatial part, computed by hand, down to no axis at all")
    func sizes() {
        let shape: Shape = [2, 3, 4, 5]
        #expect(shape.elementCount == 120)
        #expect(shape.strides == [60, 20, 5, 1])
        #expect(Array(shape.spatial) == [4, 5])
        #expect(shape.description == "2x3x4x5")
        #expect(Shape([]).elementCount == 1)
        #expect(Shape([]).strides == [])
        #expect(Shape([7]).strides == [1])
        #expect(Shape([3, 0, 5]).elementCount == 0)
    }

    @Test("products that do not fit are the largest integer instead of a trap")
    func saturation() {
        #expect(Shape([1 << 40, 1 << 40]).elementCount == Int.max)
        #expect(Shape([1 << 40, 1 << 40, 1 << 40]).strides[0] == Int.max)
        #expect(Shape([.max, 2, 0]).elementCount == 0)
        #expect(Shape.saturatingProduct(.max, 1) == Int.max)
        #expect(Shape.saturatingProduct(3_037_000_500, 3_037_000_500) == Int.max)
    }

    @Test("names are bound once and must agree wherever they are used again")
    func binding() throws {
        let picture = SymbolicShape([.fixed(1), .symbol("c"), .symbol("size"), .symbol("size")])
        var bindings: [String: Int] = [:]
        try picture.bind([1, 3, 7, 7], into: &bindings)
        #expect(bindings == ["c": 3, "size": 7])
        try SymbolicShape([.symbol("size")]).bind([7], into: &bindings)
        expectError(.shapeMismatch, "size = 7", "found 8") {
            try SymbolicShape([.symbol("size")]).bind([8], into: &bindings)
        }
        expectError(.shapeMismatch, "1xcxsizexsize", "1x3x7x8") { try picture.bind([1, 3, 7, 8], into: &bindings) }
    }

    @Test("a wrong rank, a wrong fixed size and sizes below 1 are refused, with both shapes named")
    func bindingErrors() {
        let shape = SymbolicShape([.fixed(4), .symbol("n")])
        func bind(_ actual: Shape) throws {
            var bindings: [String: Int] = [:]
            try shape.bind(actual, into: &bindings)
        }
        expectError(.shapeMismatch, "expected 4xn, found 4") { try bind([4]) }
        expectError(.shapeMismatch, "expected 4xn, found 5x1") { try bind([5, 1]) }
        expectError(.shapeMismatch, "at least 1", "4x0") { try bind([4, 0]) }
        expectError(.shapeMismatch, "4x-3") { try bind([4, -3]) }
    }

    @Test("a symbolic shape is concrete only when no size is open")
    func concrete() {
        #expect(SymbolicShape([.fixed(2), .fixed(3)]).concrete == [2, 3])
        #expect(SymbolicShape([.fixed(2), .symbol("n")]).concrete == nil)
        #expect(SymbolicShape([]).concrete == [])
        #expect(SymbolicShape(Shape([5, 6])).description == "5x6")
    }
}
