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

    private func pool(
        _ kernel: PerAxis, stride: PerAxis?, padding: Padding = .explicit([0]), ceil: Bool = false, include: Bool = true
    ) -> AveragePool {
        var op = AveragePool()
        (op.kernel, op.stride, op.padding, op.ceilMode, op.countIncludePad) = (kernel, stride, padding, ceil, include)
        return op
    }
}
