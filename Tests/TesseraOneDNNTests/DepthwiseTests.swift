import Tessera
import TesseraTestSupport
import Testing

@testable import TesseraOneDNN

/// Depthwise convolutions by a kernel of our own: near the reference, and the same to the bit however a map is cut.
@Suite struct DepthwiseTests {
    private struct Case: CustomStringConvertible {
        var conv: Conv
        var input: Shape
        var following: [any Operator]
        var hasSum: Bool

        /// A small convolution of any kind that the kernel takes.
        init(using generator: inout SeededGenerator) {
            let channels = Int.random(in: 2...21, using: &generator)
            conv = Conv()
            (conv.channels, conv.groups) = (channels, channels)
            conv.kernel = Bool.random(using: &generator) ? 3 : 5
            conv.stride = PerAxis([Int.random(in: 1...3, using: &generator), Int.random(in: 1...2, using: &generator)])
            conv.bias = Bool.random(using: &generator)
            let paddings = (0..<4).map { _ in Int.random(in: 0...4, using: &generator) }
            conv.padding = Bool.random(using: &generator) ? .same : .explicit(paddings)
            let sizes = (0..<2).map { _ in Int.random(in: 5...23, using: &generator) }
            input = Shape([Int.random(in: 1...2, using: &generator), channels] + sizes)
            var (clip, leaky) = (Clip(), LeakyRelu())
            (clip.minimum, clip.maximum, leaky.slope) = (0.25, 0.5, 0.1)
            let functions: [[any Operator]] = [[], [Relu()], [Relu6()], [clip], [leaky], [HardSwish()]]
            following = functions[Int.random(in: 0..<functions.count, using: &generator)]
            hasSum = Bool.random(using: &generator)
        }

        var description: String { "\(conv) over \(input), \(following), sum: \(hasSum)" }

        func graph(using generator: inout SeededGenerator, roundedTo precision: Precision = .f32) throws -> BoundGraph {
            var graph = Graph()
            let x = try graph.addInput("x", shape: SymbolicShape(input))
            let other = hasSum ? try graph.addNode("other", conv, inputs: [x]) : nil
            var value = try graph.addNode("conv", conv, inputs: [x])
            if let other { value = try graph.addNode("sum", Add(), inputs: [value, other]) }
            for op in following { value = try graph.addNode("function", op, inputs: [value]) }
            try graph.addOutput("y", value)
            return try BoundGraph(graph, inputs: [:]) { _, specification in
                try .random(specification, using: &generator).rounded(to: precision)
            }
        }
    }

    @Test("they are near the reference, whatever the sizes, the padding and what follows", arguments: [1, 2])
    func agreement(threads: Int) throws {
        for seed in 1...120 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let test = Case(using: &generator)
            let graph = try test.graph(using: &generator)
            let x = try Tensor.random(test.input, using: &generator)
            let options = CompileOptions(threads: threads)
            let session = try Session(graph, backend: OneDNNBackend(), options: options)
            if Engine.hasAVX2 && !Engine.hasAVX512 {
                let own = session.kernels.filter { $0.implementation == Depthwise.implementations[0] }
                #expect(own.count == (test.hasSum ? 2 : 1), "seed \(seed): \(test)")
            }
            let found = try #require(session.run(["x": x])["y"])
            let expected = try #require(
                Session(graph, backend: ReferenceBackend(), options: options).run(["x": x])["y"])
            #expect(try relativeDifference(found, expected) < 2e-6, "seed \(seed): \(test)")
            // What was computed in place of its operand, and memory that is not new, change nothing.
            #expect(try session.run(["x": x])["y"] == found, "seed \(seed): \(test)")
        }
    }

    @Test(
        "what is computed in 16 bits is what is computed in 32 bits of the same numbers, rounded once",
        arguments: [Precision.f16, .bf16])
    func rounding(precision: Precision) throws {
        // Elsewhere bfloat16 has kernels that add in another order.
        guard precision == .f16 || !Engine.hasBF16 else { return }
        for seed in 1...60 {
            var generator = SeededGenerator(seed: UInt64(1000 + seed))
            var test = Case(using: &generator)
            // The other operand of a sum is rounded by itself.
            test.hasSum = false
            if test.following.first is HardSwish { test.following = [] }
            let graph = try test.graph(using: &generator, roundedTo: precision)
            let x = try Tensor.random(test.input, using: &generator).rounded(to: precision)
            func result(_ precision: Precision) throws -> Tensor {
                var options = CompileOptions(threads: 1)
                options.precision = PrecisionChoice(precision)
                let session = try Session(graph, backend: OneDNNBackend(), options: options)
                requireOwnKernel(session, "seed \(1000 + seed)")
                return try #require(session.run(["x": x])["y"])
            }
            let exact = try result(.f32)
            #expect(try result(precision) == exact.rounded(to: precision), "seed \(1000 + seed): \(test)")
        }
    }

    private func requireOwnKernel(_ session: Session, _ comment: String) {
        guard Engine.hasAVX2, !Engine.hasAVX512 else { return }
        #expect(
            session.kernels.contains { $0.implementation == Depthwise.implementations[0] }, Comment(rawValue: comment))
    }

    @Test(
        "a part of the map or of the channels is the same to the bit as in the whole, and so is a part of that",
        arguments: [Precision.f32, .f16])
    func parts(precision: Precision) throws {
        var generator = SeededGenerator(seed: 78)
        for round in 0..<160 {
            var test = Case(using: &generator)
            // Several outputs for a channel, which are oneDNN's: a part that has one is no other layer.
            let outputs = round % 5 == 4 ? 2 : 1
            test.conv.channels *= outputs
            var part = try ConvPartFixture(
                test.conv, Tensor.random(test.input, using: &generator), using: &generator)
            func run(_ threads: Int) throws -> Tensor {
                let session = try Session(
                    part.graph(), backend: OneDNNBackend(),
                    options: CompileOptions(threads: threads, precision: PrecisionChoice(precision)))
                if outputs == 1 { requireOwnKernel(session, "round \(round)") }
                return try #require(session.run(["x": part.input])["y"])
            }
            var expected = try run(1 + round % 2)
            for depth in 1...2 {
                var region = ConvPartFixture.region(of: expected.shape, using: &generator)
                // One channel that is left of several is no other layer.
                if round % 4 == 0 { region[1] = region[1].lowerBound..<region[1].lowerBound + 1 }
                // Channels are cut between groups only.
                let first = region[1].lowerBound / outputs * outputs
                region[1] = first..<max(first + outputs, region[1].upperBound / outputs * outputs)
                try part.cut(to: region)
                expected = try expected.cropped(to: region)
                #expect(
                    try run(Int.random(in: 1...2, using: &generator)) == expected,
                    "\(precision), round \(round), depth \(depth): \(test), \(region), seed 78")
            }
        }
    }

    @Test("a part of one group of several outputs is not cut within it")
    func cutWithinGroup() throws {
        var conv = Conv()
        (conv.channels, conv.groups, conv.kernel, conv.padding) = (8, 4, 3, .same)
        let shape: Shape = [1, 4, 9, 9]
        let tile = try conv.tile(Region([0..<1, 2..<4, 0..<9, 0..<9]), ofOutput: 0, inputs: [shape])
        let part = try #require(tile.op as? Conv)
        #expect(part.groups == 1 && part.channels == 2)
        #expect(throws: TesseraError.self) {
            try part.tile(Region([0..<1, 0..<1, 0..<9, 0..<9]), ofOutput: 0, inputs: [[1, 1, 9, 9]])
        }
    }

    @Test("other kernels, dilation, several outputs for a channel and channels of one group are left to oneDNN")
    func choice() throws {
        func kernel(_ change: (inout Conv) -> Void = { _ in }) throws -> Depthwise? {
            var conv = Conv()
            (conv.channels, conv.groups, conv.kernel, conv.padding) = (12, 12, 3, .same)
            change(&conv)
            let shape: Shape = [1, 12, 15, 15]
            return try Depthwise(
                conv, conv.window(over: shape), source: shape.dimensions,
                target: conv.outputShapes(for: [shape])[0].dimensions)
        }
        #expect(try (kernel() != nil) == (Engine.hasAVX2 && !Engine.hasAVX512))
        #expect(try kernel { $0.kernel = 7 } == nil)
        #expect(try kernel { $0.kernel = PerAxis([3, 5]) } == nil)
        #expect(try kernel { $0.dilation = 2 } == nil)
        #expect(try kernel { $0.stride = 3 } == nil)
        #expect(try kernel { $0.channels = 24 } == nil)
        #expect(try kernel { $0.groups = 6 } == nil)
        #expect(try kernel { $0.groups = 1 } == nil)
    }
}
