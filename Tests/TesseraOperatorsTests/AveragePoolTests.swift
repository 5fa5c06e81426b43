import Testing
import TesseraCore
import TesseraOperators
import TesseraTestSupport

@Suite struct AveragePoolTests {
    @Test("with and without padding in the divisor, ceil mode, overlap, odd sizes")
    func conformance() throws {
        try checkOperator([
            OperatorCase(pool(2, stride: nil), [1, 16, 32, 32]),
            OperatorCase(pool(3, stride: 2, padding: .explicit([1])), [2, 5, 31, 37]),
            OperatorCase(pool(3, stride: 2, padding: .explicit([1]), include: false), [2, 16, 31, 37]),
            OperatorCase(pool(3, stride: 2, ceil: true), [1, 16, 14, 16]),
            OperatorCase(pool(3, stride: 2, padding: .explicit([1]), ceil: true, include: false), [1, 16, 14, 16]),
            OperatorCase(
                pool([3, 2], stride: [2, 3], padding: .explicit([0, 1, 2, 0]), ceil: true), [1, 4, 19, 23]),
            OperatorCase(pool(2, stride: 1, dilation: 2), [1, 16, 9, 11]),
            OperatorCase(pool(3, stride: 2, padding: .explicit([2]), include: false, dilation: 2), [1, 3, 9, 11]),
            OperatorCase(pool(3, stride: 2, padding: .explicit([2]), ceil: true, dilation: 2), [1, 3, 9, 12]),
            OperatorCase(pool(4, stride: 3, padding: .sameLower, include: false), [1, 3, 9, 12]),
            OperatorCase(pool(3, stride: 2, padding: .explicit([1])), [2, 5, 19], tilings: [[2], [3], [100]]),
            OperatorCase(
                pool(2, stride: 2, ceil: true, include: false), [1, 4, 5, 6, 7], tilings: [[2, 1, 2], [9, 9, 9]]),
            OperatorCase(
                pool(3, stride: 2, padding: .explicit([1])), [1, 2, 5, 6, 7], tilings: [[2, 1, 2], [9, 9, 9]]),
            OperatorCase(pool(2, stride: 2), [1, 2, 4, 4], types: [.f16]),
        ])
    }

    @Test("the divisor, by hand: padding counts, what lies beyond it in ceil mode does not")
    func divisor() throws {
        let x = try Tensor([4, 8, 12, 16], shape: [1, 1, 2, 2])
        let included = pool(2, stride: 2, padding: .explicit([1]))
        #expect(try included.forward([x], parameters: [:])[0].floats() == [1, 2, 3, 4])
        let excluded = pool(2, stride: 2, padding: .explicit([1]), include: false)
        #expect(try excluded.forward([x], parameters: [:])[0].floats() == [4, 8, 12, 16])
        let row = try Tensor([1, 2, 3], shape: [1, 1, 1, 3])
        let beyond = pool([1, 2], stride: [1, 2], ceil: true)
        #expect(try beyond.forward([row], parameters: [:])[0].floats() == [1.5, 3])
    }

    @Test(
        "a last window that would start in the padding at the end is dropped; its padding counts, its overhang does not"
    )
    func ceilMode() throws {
        let x = try Tensor([1, 2, 3, 4, 6], shape: [1, 1, 5])
        func values(_ op: AveragePool) throws -> [Float] { try op.forward([x], parameters: [:])[0].floats() }
        // Windows at -1, 2, and at 5, which is beyond the input.
        #expect(try values(pool(3, stride: 3, padding: .explicit([1]), ceil: true)) == [1, 13 / 3])
        // Windows at -1, 1, 3: the last sees 4 and 6 and one element of padding, but not the one beyond.
        #expect(try values(pool(4, stride: 2, padding: .explicit([1]), ceil: true)) == [1.5, 15 / 4, 10 / 3])
        #expect(try values(pool(2, stride: 1, dilation: 3)) == [2.5, 4])
    }

    private func pool(
        _ kernel: PerAxis, stride: PerAxis?, padding: Padding = .explicit([0]), ceil: Bool = false,
        include: Bool = true, dilation: PerAxis = 1
    ) -> AveragePool {
        var op = AveragePool()
        (op.kernel, op.stride, op.padding, op.ceilMode, op.countIncludePad) = (kernel, stride, padding, ceil, include)
        op.dilation = dilation
        return op
    }
}
