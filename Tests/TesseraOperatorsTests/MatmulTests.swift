import Testing
import TesseraCore
import TesseraOneDNN
import TesseraOperators
import TesseraRuntime
import TesseraTestSupport

@Suite struct MatmulTests {
    @Test("matrices, vectors, batches that are repeated, every type that it takes")
    func conformance() throws {
        try checkOperator([
            OperatorCase(Matmul(), [5, 7], [7, 3]), OperatorCase(Matmul(), [64, 96], [96, 80]),
            OperatorCase(Matmul(), [7], [7]), OperatorCase(Matmul(), [7], [7, 3]), OperatorCase(Matmul(), [5, 7], [7]),
            OperatorCase(Matmul(), [4, 5, 7], [7, 3]), OperatorCase(Matmul(), [4, 5, 7], [4, 7, 3]),
            OperatorCase(Matmul(), [2, 1, 5, 7], [3, 7, 4]), OperatorCase(Matmul(), [5, 7], [2, 3, 7, 4]),
            OperatorCase(Matmul(), [7], [2, 3, 7, 4]), OperatorCase(Matmul(), [2, 3, 5, 7], [7]),
            OperatorCase(Matmul(), [2, 3, 1, 5, 6], [1, 3, 2, 6, 2]), OperatorCase(Matmul(), [1, 1], [1, 1]),
            OperatorCase(Matmul(), [5, 0], [0, 3]), OperatorCase(Matmul(), [0, 5], [5, 3]),
            OperatorCase(Matmul(), [2, 3], [3, 4], types: [.i32, .i32]),
            OperatorCase(Matmul(), [2, 3], [3, 4], types: [.u64, .u64]),
            OperatorCase(Matmul(), [2, 3], [3, 4], types: [.f16, .f16]),
            OperatorCase(Matmul(), [2, 3], [3, 4], types: [.f64, .f64]),
        ])
    }

    @Test("by hand, and integers are exact and wrap around")
    func byHand() throws {
        func product(_ a: Tensor, _ b: Tensor) throws -> Tensor { try Matmul().forward([a, b], parameters: [:])[0] }
        let (a, b) = (try Tensor([1, 2, 3, 4], shape: [2, 2]), try Tensor([5, 6, 7, 8], shape: [2, 2]))
        #expect(try product(a, b).floats() == [19, 22, 43, 50])
        #expect(try product(Tensor([1, 2], shape: [2]), b).floats() == [19, 22])
        #expect(try product(a, Tensor([1, 2], shape: [2])).floats() == [5, 11])
        let large = try Tensor(integers: [1 << 53 + 1], shape: [1])
        #expect(try product(large, Tensor(integers: [3], shape: [1])).integers() == [3 * (1 << 53 + 1)])
        let narrow = try Tensor(integers: [1 << 31 - 1], shape: [1], elementType: .i32)
        #expect(try product(narrow, narrow).integers() == [1])
        #expect(try product(large, Tensor(integers: [0], shape: [1])).shape == [])
    }

    @Test("long sums are added in the same order by 1, 2, 3 and 8 threads, whether the right matrix is known or not")
    func threads() throws {
        var generator = SeededGenerator(seed: 3)
        let weight = try Tensor.random([4096, 40], using: &generator)
        let input = try Tensor.random([3, 4096], using: &generator)
        for isKnown in [true, false] {
            var graph = Graph()
            let a = try graph.addInput("a", shape: SymbolicShape(input.shape))
            let b =
                isKnown
                ? try graph.addNode("b", Constant(weight), inputs: [])
                : try graph.addInput("b", shape: SymbolicShape(weight.shape))
            try graph.addOutput("y", graph.addNode("layer", Matmul(), inputs: [a, b]))
            let bound = try BoundGraph(graph, inputs: [:]) { _, _ in weight }
            let results = try [1, 2, 3, 8].map { threads in
                try OneDNNBackend().compile(bound, options: CompileOptions(threads: threads))
                    .run(isKnown ? [input] : [input, weight])[0]
            }
            #expect(results.allSatisfy { $0 == results[0] } as Bool)
        }
    }

    @Test("the part of a product takes the rows and columns it needs")
    func region() throws {
        let tile = try Matmul().tile(
            Region([1..<2, 0..<3, 2..<5, 0..<2]), ofOutput: 0, inputs: [[2, 1, 5, 7], [3, 7, 4]])
        #expect(tile.inputs == [Region([1..<2, 0..<1, 2..<5, 0..<7]), Region([0..<3, 0..<7, 0..<2])])
    }

    @Test("matrices that do not fit are refused")
    func mismatch() {
        expectError(.shapeMismatch, "columns of 2x3 as rows of 2x3") {
            try Matmul().outputShapes(for: [[2, 3], [2, 3]])
        }
        expectError(.shapeMismatch) { try Matmul().outputShapes(for: [[], [2, 3]]) }
        expectError(.shapeMismatch) { try Matmul().outputShapes(for: [[2, 2, 3], [3, 3, 2]]) }
        expectError(.notSupported) { try Matmul().outputTypes(for: [.i8, .i8]) }
    }
}
