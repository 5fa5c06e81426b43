import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct PreluTests {
    @Test("a slope for each channel, for all of them, or as an input")
    func conformance() throws {
        var shared = Prelu()
        shared.shared = true
        try checkOperator([
            OperatorCase(Prelu(), [1, 16, 7, 11]), OperatorCase(Prelu(), [2, 3, 5, 5]), OperatorCase(Prelu(), [4, 9]),
            OperatorCase(Prelu(), [1, 1, 5, 5]), OperatorCase(Prelu(), [1, 17, 3, 3]), OperatorCase(Prelu(), [5]),
            OperatorCase(shared, [2, 3, 5, 5]), OperatorCase(shared, [1, 16, 7, 11]),
            OperatorCase(Prelu(), [1, 2, 3, 4, 5]), OperatorCase(Prelu(), [2, 3, 4]),
            OperatorCase(Prelu(), [2, 3, 5, 5], [3, 1, 1]), OperatorCase(Prelu(), [2, 3, 5, 7], [5, 1]),
            OperatorCase(Prelu(), [1, 16, 7, 11], [1, 16, 7, 11]), OperatorCase(Prelu(), [3], []),
            OperatorCase(Prelu(), [2, 3, 5, 7], [5, 7], types: [.i64, .i64]),
            OperatorCase(Prelu(), [2, 0, 7], [7], types: [.f16, .f16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor([-1, 2, -3, 4], shape: [1, 2, 2])
        let y = try Prelu().forward([x], parameters: ["weight": Tensor([10, 100], shape: [2])])[0]
        #expect(try y.floats() == [-10, 2, -300, 4])
        let z = try Prelu().forward([x, Tensor([10, 100], shape: [2])], parameters: [:])[0]
        #expect(try z.floats() == [-10, 2, -30, 4])
    }

    @Test("a known weight becomes the parameter if it is one slope, or one for each channel")
    func knownWeights() throws {
        let x = try Tensor([-1, 2, -3, 4], shape: [1, 2, 1, 2])
        for shape: Shape in [[2, 1, 1], [1, 2, 1, 1]] {
            let weight = try Tensor([10, 100], shape: shape)
            let bound = try boundLayer(Prelu(), [x, weight], known: [1])
            #expect(bound.parameters.map(\.keys.first) == ["weight"])
            #expect(try runLayer(Prelu(), [x, weight], known: [1])[0].floats() == [-10, 2, -300, 4])
        }
        let shared = try Tensor([10], shape: [1])
        #expect(try boundLayer(Prelu(), [x, shared], known: [1]).graph.nodes.count == 1)
        #expect(try runLayer(Prelu(), [x, shared], known: [1])[0].floats() == [-10, 2, -30, 4])
        let pixels = try Tensor([10, 100], shape: [2])
        #expect(try runLayer(Prelu(), [x, pixels], known: [1])[0].floats() == [-10, 2, -30, 4])
    }

    @Test func weightsThatDoNotFit() {
        expectError(.shapeMismatch, "repeated to 1x2x3x3, found 4x2x3x3") {
            try Prelu().outputShapes(for: [[1, 2, 3, 3], [4, 2, 3, 3]])
        }
        #expect(throws: TesseraError.self) { try Prelu().outputShapes(for: [[]]) }
    }
}
