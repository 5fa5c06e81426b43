import Testing
import TesseraCore
import TesseraOperators
import TesseraTestSupport

@Suite struct MaxPoolTests {
    @Test("overlap, ceil mode, dilation, asymmetric padding, odd sizes")
    func conformance() throws {
        try checkOperator([
            OperatorCase(pool(2, stride: nil), [1, 16, 32, 32]),
            OperatorCase(pool(3, stride: 2, padding: .explicit([1])), [2, 5, 31, 37]),
            OperatorCase(pool(3, stride: 1, padding: .same), [1, 16, 13, 17]),
            OperatorCase(pool(3, stride: 2, ceil: true), [1, 16, 14, 16]),
            OperatorCase(pool(2, stride: 2, ceil: true), [1, 3, 7, 5]),
            OperatorCase(
                pool([3, 2], stride: [2, 3], padding: .explicit([0, 1, 2, 0]), ceil: true), [1, 4, 19, 23]),
            OperatorCase(pool(3, stride: 2, padding: .explicit([2]), dilation: 2), [1, 16, 19, 23]),
            OperatorCase(pool(1, stride: 2), [1, 3, 9, 9]),
            OperatorCase(pool(4, stride: 3, padding: .sameLower), [1, 3, 9, 12]),
            OperatorCase(pool(3, stride: 2, padding: .explicit([1])), [2, 5, 19], tilings: [[2], [3], [100]]),
            OperatorCase(pool(3, stride: 2, ceil: true), [1, 4, 6, 6, 7], tilings: [[2, 1, 2], [9, 9, 9]]),
            OperatorCase(pool(3, stride: 2, padding: .explicit([1])), [1, 2, 7, 9], types: [.i8]),
            OperatorCase(pool(3, stride: 2, padding: .explicit([1])), [1, 2, 7, 9], types: [.u8]),
            OperatorCase(pool(3, stride: 2), [1, 2, 7, 9], types: [.f64]), OperatorCase(located(3), [2, 3, 7, 9]),
            OperatorCase(located(2), [2, 3, 9]), OperatorCase(located(2), [2, 3, 4, 5, 4], types: [.u8]),
        ])
    }

    @Test("padding counts as minus infinity: negative values survive it")
    func padding() throws {
        let x = try Tensor([-1, -2, -3, -4], shape: [1, 1, 2, 2])
        let op = pool(3, stride: 2, padding: .explicit([1]))
        #expect(try op.forward([x], parameters: [:])[0].floats() == [-1])
    }

    @Test("a last window that starts in the padding is left out in ceil mode, as in PyTorch")
    func ceilMode() throws {
        // PyTorch: max_pool1d of 4 elements, kernel 1, stride 3, ceil: floor((4-1+2)/3)+1 = 2.
        #expect(try pool(1, stride: 3, ceil: true).outputShapes(for: [[1, 1, 4, 4]])[0] == [1, 1, 2, 2])
        #expect(
            try pool(2, stride: 2, padding: .explicit([1]), ceil: true).outputShapes(for: [[1, 1, 5, 5]])[0] == [
                1, 1, 3, 3,
            ])
    }

    @Test("padding as wide as the window is refused")
    func widePadding() {
        #expect(throws: TesseraError.self) {
            try pool(2, stride: 1, padding: .explicit([2])).outputShapes(for: [[1, 1, 5, 5]])
        }
    }

    @Test("a window that sees padding alone is refused: the input lies in the gap of a dilated one")
    func windowsWithoutInput() throws {
        // Positions -1 and 1 of one element; -2 and 1, then -1 and 2, of one; -1 and 1, then 0 and 2, of two.
        let dilated = pool(2, stride: 1, padding: .explicit([1]), dilation: 2)
        #expect(throws: TesseraError.self) { try dilated.outputShapes(for: [[1, 1, 1, 1]]) }
        #expect(throws: TesseraError.self) {
            try pool(2, stride: 1, padding: .explicit([2]), dilation: 3).outputShapes(for: [[1, 1, 1, 1]])
        }
        #expect(try dilated.outputShapes(for: [[1, 1, 2, 2]])[0] == [1, 1, 2, 2])
    }

    @Test("positions count over batch and channels, along rows or along columns; of equal elements the first")
    func indices() throws {
        let x = try Tensor([1, 1, 3, 2, 5, 0, /**/ 9, 8, 7, 9, 9, 9], shape: [1, 2, 2, 3])
        var op = pool([1, 2], stride: 1)
        op.indices = true
        let rows = try op.forward([x], parameters: [:])
        #expect(try rows[0].floats() == [1, 3, 5, 5, 9, 8, 9, 9])
        #expect(rows[1].integers() == [0, 2, 4, 4, 6, 7, 9, 10])
        op.columnMajor = true
        // A pixel (y, x) of a channel lies at x * 2 + y.
        #expect(try op.forward([x], parameters: [:])[1].integers() == [0, 4, 3, 3, 6, 8, 7, 9])
        #expect(try op.outputTypes(for: [.u8]) == [.u8, .i64])
        expectError(.notSupported) {
            try op.tile(Region([0..<1, 0..<2, 0..<1, 0..<2]), ofOutput: 1, inputs: [x.shape])
        }
    }

    private func located(_ kernel: PerAxis) -> MaxPool {
        var op = pool(kernel, stride: 2, padding: .explicit([1]))
        op.indices = true
        return op
    }

    private func pool(
        _ kernel: PerAxis, stride: PerAxis?, padding: Padding = .explicit([0]), dilation: PerAxis = 1,
        ceil: Bool = false
    ) -> MaxPool {
        var op = MaxPool()
        (op.kernel, op.stride, op.padding, op.dilation, op.ceilMode) = (kernel, stride, padding, dilation, ceil)
        return op
    }
}
