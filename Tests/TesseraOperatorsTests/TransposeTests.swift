import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct TransposeTests {
    @Test("every order, of any type")
    func conformance() throws {
        try checkOperator([
            OperatorCase(Transpose(order: nil), [2, 3, 5, 7]),
            OperatorCase(Transpose(order: [1, 0, 2, 3]), [2, 16, 5, 7]),
            OperatorCase(Transpose(order: [1, 0, -2, -1]), [2, 3, 5, 7], types: [.i64]),
            OperatorCase(Transpose(order: [0, 2, 3, 1]), [1, 16, 7, 11]),
            OperatorCase(Transpose(order: [1, 0]), [4, 9]),
            OperatorCase(Transpose(order: [2, 0, 1]), [2, 3, 4], types: [.f16]),
            OperatorCase(Transpose(order: [0, 1, 2]), [2, 3, 4]), OperatorCase(Transpose(order: nil), []),
            OperatorCase(Transpose(order: [4, 0, 3, 1, 2]), [1, 2, 3, 4, 5], types: [.u8]),
            OperatorCase(Transpose(order: [2, 1, 0, 3, 4]), [1, 2, 3, 4, 5]),
            OperatorCase(Transpose(order: nil), [2, 0, 3]), OperatorCase(Transpose(order: nil), [7], types: [.bool]),
            OperatorCase(Transpose(order: [5, 4, 3, 2, 1, 0]), [1, 2, 2, 3, 2, 2]),
            OperatorCase(Transpose(order: [6, 5, 4, 3, 2, 1, 0]), [1, 2, 2, 1, 2, 2, 3]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
        let y = try Transpose(order: nil).forward([x], parameters: [:])[0]
        #expect(y.shape == [3, 2])
        #expect(try y.floats() == [1, 4, 2, 5, 3, 6])
    }

    @Test("there and back again")
    func inverse() throws {
        let x = try Tensor.integers((0..<120).map { $0 }, shape: [2, 3, 4, 5])
        let y = try Transpose(order: [2, 0, 3, 1]).forward([x], parameters: [:])[0]
        #expect(y.shape == [4, 2, 5, 3])
        #expect(try Transpose(order: [1, 3, 0, 2]).forward([y], parameters: [:])[0] == x)
    }

    @Test("the order that they have is no layer")
    func elision() throws {
        let x = try Tensor.reals([1, 2], shape: [1, 2])
        #expect(try boundLayer(Transpose(order: [0, -1]), [x]).graph.nodes.isEmpty)
        #expect(try boundLayer(Transpose(order: [1, 0]), [x]).graph.nodes.count == 1)
    }

    @Test func badOrders() {
        for order in [[0, 0], [0], [0, 2], [0, 1, 2]] {
            #expect(throws: TesseraError.self) { try Transpose(order: order).outputShapes(for: [[1, 2]]) }
        }
    }
}
