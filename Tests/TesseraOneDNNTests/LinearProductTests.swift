import COneDNN
import Tessera
import TesseraTestSupport
import Testing

@testable import TesseraOneDNN

/// Linear layers by a kernel of our own: near the reference, and the same to the bit however they are cut.
@Suite struct LinearProductTests {
    private struct Case {
        var rows: [Int]
        var features: Int
        var outputs: Int
        var isBiased = true
        var function: (any Operator)?
        var hasSum = false
    }

    /// One that makes another number of 0.
    private static var clip: Clip {
        var clip = Clip()
        (clip.minimum, clip.maximum) = (0.25, 0.75)
        return clip
    }

    private static let cases = [
        Case(rows: [1], features: 1, outputs: 1), Case(rows: [1], features: 7, outputs: 10, isBiased: false),
        Case(rows: [2], features: 8, outputs: 24, function: Relu()), Case(rows: [3], features: 9, outputs: 45),
        Case(rows: [2, 4], features: 33, outputs: 31, function: Relu(), hasSum: true),
        Case(rows: [1], features: 1000, outputs: 1000, function: Relu()),
        Case(rows: [5], features: 257, outputs: 523, isBiased: false, hasSum: true),
        Case(rows: [13], features: 300, outputs: 17, hasSum: true),
        Case(rows: [4], features: 20, outputs: 19, function: Relu6()),
        Case(rows: [2], features: 20, outputs: 21, function: Self.clip),
        Case(rows: [100], features: 40, outputs: 24, function: Relu6(), hasSum: true),
        Case(rows: [7, 15], features: 511, outputs: 70, function: Relu()),
    ]

    private func graph(_ test: Case, generator: inout SeededGenerator) throws -> BoundGraph {
        var graph = Graph()
        var linear = Linear()
        (linear.features, linear.bias) = (test.outputs, test.isBiased)
        let x = try graph.addInput("x", shape: SymbolicShape(Shape(test.rows + [test.features])))
        var value = try graph.addNode("linear", linear, inputs: [x])
        if test.hasSum {
            let other = try graph.addNode("other", linear, inputs: [x])
            value = try graph.addNode("sum", Add(), inputs: [other, value])
        }
        if let function = test.function { value = try graph.addNode("function", function, inputs: [value]) }
        try graph.addOutput("y", value)
        return try BoundGraph(graph, inputs: [:]) { _, specification in
            try .random(specification, using: &generator)
        }
    }

    @Test("they are near the reference, whatever the sizes and what follows", arguments: [Precision.f32, .f16, .bf16])
    func agreement(precision: Precision) throws {
        guard Engine.hasAVX2 else { return }
        let unit: Float = [.f32: 0x1p-21, .f16: 0x1p-10, .bf16: 0x1p-7][precision] ?? 0
        for (index, test) in Self.cases.enumerated() {
            var generator = SeededGenerator(seed: UInt64(index + 1))
            let graph = try graph(test, generator: &generator)
            let x = try Tensor.random(Shape(test.rows + [test.features]), using: &generator).rounded(to: precision)
            func run(_ backend: any KernelBackend, threads: Int) throws -> Tensor {
                let options = CompileOptions(threads: threads, precision: PrecisionChoice(precision))
                let session = try Session(graph, backend: backend, options: options)
                let result = try #require(session.run(["x": x])["y"])
                // What was computed in place of its operand, and memory that is not new, change nothing.
                #expect(try session.run(["x": x])["y"] == result, "case \(index)")
                if backend is OneDNNBackend, precision == .f32 || test.rows.reduce(1, *) <= LinearProduct.mostRows {
                    #expect(session.kernels.allSatisfy { $0.implementation == "product" }, "case \(index)")
                    #expect(session.kernels.count == (test.hasSum ? 2 : 1), "case \(index)")
                }
                return result
            }
            let found = try run(OneDNNBackend(), threads: 1)
            let expected = try run(ReferenceBackend(), threads: 1).floats()
            let largest = expected.map(abs).max() ?? 0
            #expect(
                // The other operand of a sum is rounded for itself.
                zip(try found.floats(), expected).allSatisfy {
                    abs($0 - $1) <= unit * abs($1) + (test.hasSum ? unit : 2e-5) * largest
                },
                "case \(index), seed \(index + 1)")
            #expect(try found.rounded(to: precision) == found, "case \(index)")
            #expect(try run(OneDNNBackend(), threads: 3) == found, "case \(index)")
        }
    }

    @Test(
        "a row is the same to the bit beside others, and an output beside others",
        arguments: [(Precision.f32, 61), (.f16, 8), (.bf16, 8)])
    func parts(precision: Precision, rows: Int) throws {
        guard Engine.hasAVX2 else { return }
        var generator = SeededGenerator(seed: 5)
        let weight = try Tensor.random([75, 300], using: &generator)
        let x = try Tensor.random([rows, 300], using: &generator)
        func run(_ rows: Range<Int>, _ outputs: Range<Int>) throws -> Tensor {
            var graph = Graph()
            var linear = Linear()
            (linear.features, linear.bias) = (outputs.count, false)
            let input = try graph.addInput("x", shape: SymbolicShape([rows.count, 300]))
            try graph.addOutput("y", graph.addNode("linear", linear, inputs: [input]))
            let part = try weight.cropped(to: Region([outputs, 0..<300]))
            let bound = try BoundGraph(graph, inputs: [:]) { _, _ in part }
            let options = CompileOptions(threads: 2, precision: PrecisionChoice(precision))
            let session = try Session(bound, backend: OneDNNBackend(), options: options)
            return try #require(session.run(["x": x.cropped(to: Region([rows, 0..<300]))])["y"])
        }
        let whole = try run(0..<rows, 0..<75)
        let parts = [
            (0..<rows, 8..<40), (2..<3, 0..<75), (1..<4, 64..<75), (rows - 2..<rows, 23..<48), (1..<rows, 70..<71),
        ]
        for (rows, outputs) in parts {
            #expect(try run(rows, outputs) == whole.cropped(to: Region([rows, outputs])), "\(rows), \(outputs)")
        }
    }

    @Test("one weight in several precisions is packed for each")
    func precisions() throws {
        var generator = SeededGenerator(seed: 6)
        let graph = try graph(Case(rows: [1], features: 40, outputs: 32, isBiased: false), generator: &generator)
        let x = try Tensor.random([1, 40], using: &generator).rounded(to: .bf16)
        var kept: [Session] = []
        for (precision, tolerance) in [(Precision.f32, 1e-6 as Float), (.f16, 0x1p-10), (.bf16, 0x1p-7)] {
            let options = CompileOptions(precision: PrecisionChoice(precision))
            kept.append(try Session(graph, backend: OneDNNBackend(), options: options))
            let found = try kept[kept.count - 1].run(["x": x])["y"]
            let expected = try #require(
                Session(graph, backend: ReferenceBackend(), options: options).run(["x": x])["y"])
            #expect(try relativeDifference(found, expected) <= tolerance, "\(precision)")
        }
    }

    @Test("many rows of 16 bits are left to oneDNN")
    func choice() throws {
        func kernel(_ source: [Int], _ precision: Precision = .f16) throws -> LinearProduct? {
            try LinearProduct(source: source, target: source.dropLast() + [16], type: dnnl_f32, precision: precision)
        }
        #expect(try (kernel([8, 10]) != nil) == Engine.hasAVX2)
        #expect(try kernel([9, 10]) == nil)
        #expect(try kernel([3, 3, 10]) == nil)
        #expect(try (kernel([3, 3, 10], .f32) != nil) == Engine.hasAVX2)
        #expect(try kernel([0, 10], .f32) == nil)
    }
}
