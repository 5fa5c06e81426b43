import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct ReduceTests {
    @Test(
        "some axes, all, and none, with and without the axes",
        arguments: [
            Reduce.Function.mean, .sum, .max, .min, .product, .l1, .l2, .sumSquare, .logSumExp,
        ])
    func conformance(function: Reduce.Function) throws {
        try checkOperator([
            OperatorCase(Reduce(function, axes: [1]), [1, 16, 7, 11]),
            OperatorCase(Reduce(function, axes: [0, 1]), [2, 3, 5, 7]),
            OperatorCase(Reduce(function, axes: [1], keepAxes: false), [2, 3, 4, 5, 6]),
            OperatorCase(Reduce(function, axes: [2, -1]), [2, 17, 5, 7]), OperatorCase(Reduce(function), [2, 3, 5]),
            OperatorCase(Reduce(function, keepAxes: false), [2, 3, 5]), OperatorCase(Reduce(function), []),
            OperatorCase(Reduce(function, emptyAxes: .none), [1, 2, 3, 4]),
            OperatorCase(Reduce(function, axes: [0], keepAxes: false), [4, 0]),
            OperatorCase(Reduce(function, axes: [-2]), [2, 3, 4], types: [.f64]),
            OperatorCase(Reduce(function, axes: [0]), [3, 4], types: [.f16]),
            OperatorCase(Reduce(function, axes: [1]), [3, 4, 5], types: [.i64]),
            OperatorCase(Reduce(function, axes: [1]), [3, 4, 5], types: [.u8]),
        ])
    }

    @Test("sums of which there is a logarithm")
    func logSum() throws {
        try checkOperator([
            OperatorCase(Reduce(.logSum, axes: [1]), [2, 3, 4, 5], types: [.u8]),
            OperatorCase(Reduce(.max, axes: [0]), [3, 4], types: [.bool]),
        ])
        let x = try Tensor.reals([1, 3, 4, 12], shape: [2, 2], .f64)
        let y = try Reduce(.logSum, axes: [1]).forward([x], parameters: [:])[0].reals()
        #expect(zip(y, [1.3862943611198906, 2.772588722239781]).allSatisfy { abs($0 - $1) < 1e-12 })
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([1, -2, 3, 4, 0, -6], shape: [2, 3], .f64)
        func reduce(_ function: Reduce.Function) throws -> [Double] {
            try Reduce(function, axes: [1]).forward([x], parameters: [:])[0].reals()
        }
        #expect(try reduce(.mean) == [2.0 / 3, -2.0 / 3])
        #expect(try reduce(.sum) == [2, -2])
        #expect(try reduce(.max) == [3, 4])
        #expect(try reduce(.min) == [-2, -6])
        #expect(try reduce(.product) == [-6, 0])
        #expect(try reduce(.l1) == [6, 10])
        #expect(try reduce(.l2) == [14, 52].map { Double($0).squareRoot() })
        #expect(try reduce(.sumSquare) == [14, 52])
        #expect(try abs(reduce(.logSumExp)[0] - 3.1328452337275756) < 1e-9)
    }

    @Test("sums of exponentials do not overflow, and infinities remain")
    func extremes() throws {
        let op = Reduce(.logSumExp, axes: [1])
        let x = try Tensor.reals([1000, 1000, -.infinity, -.infinity, .infinity, 0, .nan, 0], shape: [4, 2], .f64)
        let y = try op.forward([x], parameters: [:])[0].reals()
        #expect(abs(y[0] - 1000.6931471805599) < 1e-9)
        #expect(y[1] == -.infinity && y[2] == .infinity && y[3].isNaN)
        #expect(try Reduce(.max).forward([.reals([1, .nan, 2])], parameters: [:])[0].reals()[0].isNaN)
        #expect(try Reduce(.min).forward([.reals([1, .nan, 2])], parameters: [:])[0].reals()[0].isNaN)
    }

    @Test("of no elements")
    func nothing() throws {
        func reduce(_ function: Reduce.Function, _ type: ElementType) throws -> Tensor {
            try Reduce(function, axes: [0]).forward([Tensor(zeros: [0, 1], elementType: type)], parameters: [:])[0]
        }
        #expect(try reduce(.sum, .f32).reals() == [0])
        #expect(try reduce(.product, .f32).reals() == [1])
        #expect(try reduce(.max, .f32).reals() == [-.infinity])
        #expect(try reduce(.min, .f32).reals() == [.infinity])
        #expect(try reduce(.mean, .f32).reals()[0].isNaN)
        #expect(try reduce(.logSumExp, .f32).reals() == [-.infinity])
        #expect(try reduce(.max, .i64).integers() == [.min])
        #expect(try reduce(.min, .u8).integers() == [255])
        #expect(try reduce(.max, .bool).integers() == [0])
        #expect(try reduce(.min, .bool).integers() == [1])
        expectError(.invalidArgument, "mean of no elements") { try reduce(.mean, .i32) }
    }

    @Test("integers keep all digits, wrap around, and drop fractions")
    func integers() throws {
        func reduce(_ function: Reduce.Function, _ values: [Int64]) throws -> [Int64] {
            try Reduce(function).forward([.integers(values)], parameters: [:])[0].integers()
        }
        #expect(try reduce(.sum, [.max, 1]) == [.min])
        #expect(try reduce(.max, [.max - 1, .max]) == [.max])
        #expect(try reduce(.min, [.min, .min + 1]) == [.min])
        #expect(try reduce(.mean, [-7, 4]) == [-1])
        #expect(try reduce(.l1, [-7, 4]) == [11])
        #expect(try reduce(.l2, [3, -4]) == [5])
        #expect(try reduce(.product, [1 << 62, 4]) == [0])
    }

    @Test("axes may be an input; without any, what is selected is the input itself")
    func controlInputs() throws {
        let x = try Tensor.reals([1, -2, 3, 4], shape: [2, 2])
        #expect(try runLayer(Reduce(.sum), [x, .integers([-1])], known: [1])[0].floats() == [-1, 7])
        #expect(try runLayer(Reduce(.sum), [x, .integers([])], known: [1])[0].floats() == [6])
        #expect(try boundLayer(Reduce(.sum, emptyAxes: .none), [x, .integers([])], known: [1]).graph.nodes.isEmpty)
        #expect(try runLayer(Reduce(.l1, emptyAxes: .none), [x])[0].floats() == [1, 2, 3, 4])
        expectError(.invalidArgument) { try runLayer(Reduce(.sum), [x, .integers([2])], known: [1]) }
    }
}
