import Tessera
import TesseraTestSupport
import Testing

@testable import TesseraOneDNN

/// Convolutions of 3x3 by Winograd's minimal filtering: near the reference, and the same to the bit however a map is cut.
@Suite struct MinimalFilterTests {
    private struct Case {
        var batch = 1
        var channels: Int
        var outputs: Int
        var height: Int
        var width: Int
        var padding = Padding.same
        var slope: Float?
        var hasSum = false
    }

    private static let cases = [
        Case(channels: 16, outputs: 8, height: 6, width: 6), Case(channels: 16, outputs: 16, height: 1, width: 1),
        Case(channels: 24, outputs: 40, height: 7, width: 13),
        Case(batch: 3, channels: 64, outputs: 64, height: 9, width: 5),
        Case(channels: 16, outputs: 24, height: 11, width: 10, padding: .explicit([0])),
        Case(channels: 32, outputs: 16, height: 5, width: 8, padding: .explicit([2, 1, 0, 3])),
        Case(channels: 136, outputs: 72, height: 19, width: 21, slope: 0),
        Case(batch: 2, channels: 16, outputs: 16, height: 8, width: 9, slope: 0.1, hasSum: true),
        Case(channels: 512, outputs: 48, height: 14, width: 14, hasSum: true),
        Case(batch: 2, channels: 19, outputs: 13, height: 9, width: 8, slope: 0, hasSum: true),
        Case(channels: 70, outputs: 3, height: 31, width: 33), Case(channels: 16, outputs: 1, height: 6, width: 7),
    ]

    /// A convolution, with a sum with another and a rectifier after it.
    private func graph(_ test: Case, generator: inout SeededGenerator) throws -> BoundGraph {
        var graph = Graph()
        var conv = Conv()
        (conv.channels, conv.kernel, conv.padding) = (test.outputs, 3, test.padding)
        let shape = Shape([test.batch, test.channels, test.height, test.width])
        let x = try graph.addInput("x", shape: SymbolicShape(shape))
        var value = try graph.addNode("conv", conv, inputs: [x])
        if test.hasSum {
            // A layer of its own kind, of which the sum has to wait for the result.
            let other = try graph.addNode("other", conv, inputs: [x])
            value = try graph.addNode("sum", Add(), inputs: [other, value])
        }
        if let slope = test.slope {
            var rectifier = LeakyRelu()
            rectifier.slope = slope
            value = try graph.addNode("rectifier", slope == 0 ? Relu() as any Operator : rectifier, inputs: [value])
        }
        try graph.addOutput("y", value)
        return try BoundGraph(graph, inputs: [:]) { _, specification in
            try .random(specification, using: &generator)
        }
    }

    @Test("they are near the reference, whatever the sizes, the padding and what follows", arguments: [1, 2])
    func agreement(threads: Int) throws {
        for (index, test) in Self.cases.enumerated() {
            var generator = SeededGenerator(seed: UInt64(index + 1))
            let graph = try graph(test, generator: &generator)
            let x = try Tensor.random([test.batch, test.channels, test.height, test.width], using: &generator)
            let options = CompileOptions(threads: threads)
            let session = try Session(graph, backend: OneDNNBackend(), options: options)
            if Engine.hasAVX2 {
                #expect(
                    session.kernels.allSatisfy { $0.implementation == MinimalFilter.implementations[0] },
                    "case \(index)")
                #expect(session.kernels.count == (test.hasSum ? 2 : 1), "case \(index)")
            }
            let found = try #require(session.run(["x": x])["y"])
            let expected = try #require(
                Session(graph, backend: ReferenceBackend(), options: options).run(["x": x])["y"])
            #expect(try relativeDifference(found, expected) < 2e-6, "case \(index), seed \(index + 1)")
            // What was computed in place of its operand, and memory that is not new, change nothing.
            #expect(try session.run(["x": x])["y"] == found, "case \(index)")
        }
    }

    @Test(
        "in 16 bits, squares of 4x4 outputs, and of 2x2 if demanded, give what 32 bits give, rounded, but for neighbours now and then"
    )
    func squaresOfFour() throws {
        let forms = [(Precision.f16, Float(0x1p-10), 1), (.bf16, 0x1p-7, 1), (.bf16, 0x1p-7, 0)]
        for (precision, unit, form) in forms {
            let implementation = MinimalFilter.implementations[form]
            guard Engine.hasAVX2 else { continue }
            for (index, test) in Self.cases.enumerated() {
                var generator = SeededGenerator(seed: UInt64(index + 50))
                let graph = try graph(test, generator: &generator)
                let shape: Shape = [test.batch, test.channels, test.height, test.width]
                let x = try Tensor.random(shape, using: &generator).rounded(to: precision)
                var options = CompileOptions(threads: 1 + index % 2, precision: PrecisionChoice(precision))
                let order = MinimalFilter.order.rawValue
                for name in ["conv", "other"] {
                    options.kernels[name] = KernelChoice(
                        implementation: implementation, source: order, target: order)
                }
                let session = try Session(graph, backend: OneDNNBackend(), options: options)
                #expect(session.kernels.allSatisfy { $0.implementation == implementation })
                let found = try #require(session.run(["x": x])["y"]).floats()
                let expected = try #require(
                    Session(graph, backend: ReferenceBackend(), options: options).run(["x": x])["y"]
                ).floats()
                // Sums round by the largest of what is added up, which may cancel out.
                let largest = expected.map(abs).max() ?? 0
                let differences = zip(found, expected).map { abs($0 - $1) }
                #expect(
                    // The other operand of a sum is rounded for itself.
                    zip(differences, expected).allSatisfy {
                        $0 <= unit * abs($1) + (test.hasSum ? unit : 2e-5) * largest
                    },
                    "\(precision), case \(index), seed \(index + 50)")
                let equal = differences.count { $0 == 0 }
                #expect(
                    test.hasSum || Double(equal) >= 0.9 * Double(expected.count),
                    "\(precision), case \(index): \(equal)")
            }
        }
    }

    @Test(
        "a part of the map or of the channels is the same to the bit as in the whole, and so is a part of that",
        arguments: [Precision.f32, .f16])
    func parts(precision: Precision) throws {
        var generator = SeededGenerator(seed: 77)
        for round in 0..<60 {
            let (inputs, outputs) = (
                Int.random(in: 16...75, using: &generator), Int.random(in: 1...50, using: &generator)
            )
            let size = (Int.random(in: 3...17, using: &generator), Int.random(in: 3...17, using: &generator))
            var conv = Conv()
            (conv.channels, conv.kernel, conv.padding) = (outputs, 3, round % 3 == 0 ? .explicit([0]) : .same)
            conv.bias = round % 4 != 3
            let x = try Tensor.random(
                [Int.random(in: 1...3, using: &generator), inputs, size.0, size.1], using: &generator)
            var part = try ConvPartFixture(conv, x, using: &generator)
            var expected = try run(part, precision, threads: 1 + round % 2)
            for depth in 1...2 {
                var region = ConvPartFixture.region(of: expected.shape, using: &generator)
                if round % 2 == 0 { region[1] = 0..<expected.shape[1] }
                try part.cut(to: region)
                expected = try expected.cropped(to: region)
                #expect(
                    try run(
                        part, precision, threads: Int.random(in: 1...2, using: &generator),
                        order: round % 5 == 0 ? .nhwc : nil)
                        == expected,
                    "\(precision), round \(round), depth \(depth): \(inputs) -> \(outputs) channels of \(size), \(region), seed 77"
                )
            }
        }
    }

    @Test("in squares of 4x4, a part is the same to the bit where it has whole squares")
    func partsInSquaresOfFour() throws {
        guard Engine.hasAVX2 else { return }
        var generator = SeededGenerator(seed: 79)
        var compared = 0
        for round in 0..<120 {
            var conv = Conv()
            (conv.channels, conv.kernel, conv.padding) = (24, 3, round % 3 == 0 ? .explicit([0]) : .same)
            let sizes = (0..<2).map { _ in Int.random(in: 9...26, using: &generator) }
            let x = try Tensor.random(Shape([1 + round % 2, 16] + sizes), using: &generator)
            var part = try ConvPartFixture(conv, x, using: &generator)
            func squares() throws -> Tensor {
                try run(
                    part, .f16, threads: 1 + round % 2, order: MinimalFilter.order,
                    implementation: MinimalFilter.implementations[1])
            }
            let whole = try squares()
            var origin = [0, 0]
            var (shape, isSquare) = (whole.shape, [0..<whole.shape[2], 0..<whole.shape[3]])
            for depth in 1...2 {
                var region = Region(whole: shape)
                for axis in 2...3 {
                    let start = Int.random(in: 0...shape[axis] / 2, using: &generator)
                    region[axis] = start..<Int.random(in: start + 1...shape[axis], using: &generator)
                    // Of the whole: the squares that are not cut.
                    let (first, end) = (origin[axis - 2] + start, origin[axis - 2] + region[axis].upperBound)
                    let last = end == whole.shape[axis] ? end : end / 4 * 4
                    let from = (first + 3) / 4 * 4
                    isSquare[axis - 2] = from..<max(from, last)
                    origin[axis - 2] = first
                }
                try part.cut(to: region)
                let found = try squares()
                shape = found.shape
                guard isSquare.allSatisfy({ !$0.isEmpty }) else { continue }
                let box = Region([0..<shape[0], 0..<shape[1]] + isSquare)
                let inTile = Region(
                    [0..<shape[0], 0..<shape[1]]
                        + zip(isSquare, origin).map { $0.lowerBound - $1..<$0.upperBound - $1 })
                #expect(
                    try found.cropped(to: inTile) == whole.cropped(to: box),
                    "round \(round), depth \(depth): \(region) of \(whole.shape), seed 79")
                compared += 1
            }
        }
        #expect(compared > 30)
    }

    /// What a layer makes, rectified.
    private func run(
        _ part: ConvPartFixture, _ precision: Precision, threads: Int,
        order: MapOrder? = nil, implementation: String = MinimalFilter.implementations[0]
    ) throws -> Tensor {
        var options = CompileOptions(threads: threads, precision: PrecisionChoice(precision))
        if let order {
            options.kernels["conv"] = KernelChoice(
                implementation: implementation, source: order.rawValue, target: order.rawValue)
        }
        let session = try Session(part.graph(followedBy: Relu()), backend: OneDNNBackend(), options: options)
        return try #require(session.run(["x": part.input])["y"])
    }

    @Test("a layer's input is added to what it makes, whether that is read again or not", arguments: [false, true])
    func ownInput(isReadAgain: Bool) throws {
        var generator = SeededGenerator(seed: 21)
        var graph = Graph()
        var conv = Conv()
        (conv.channels, conv.kernel, conv.padding) = (24, 3, .same)
        let x = try graph.addInput("x", shape: SymbolicShape(Shape([1, 24, 9, 11])))
        let before = try graph.addNode("before", conv, inputs: [x])
        let after = try graph.addNode("after", conv, inputs: [before])
        let sum = try graph.addNode("sum", Add(), inputs: [before, after])
        var result = try graph.addNode("relu", Relu(), inputs: [sum])
        if isReadAgain { result = try graph.addNode("again", Subtract(), inputs: [result, before]) }
        try graph.addOutput("y", result)
        let bound = try BoundGraph(graph, inputs: [:]) { _, specification in
            try .random(specification, using: &generator)
        }
        let input = try Tensor.random([1, 24, 9, 11], using: &generator)
        let found = try Session(bound, backend: OneDNNBackend()).run(["x": input])["y"]
        let expected = try #require(Session(bound, backend: ReferenceBackend()).run(["x": input])["y"])
        #expect(try relativeDifference(found, expected) < 2e-6)
    }

    @Test("what is no kernel of 3x3 with a stride of 1 is left to oneDNN, and a part keeps to the kernel of the whole")
    func choice() throws {
        func filter(_ change: (inout Conv) -> Void, channels: Int = 16) throws -> MinimalFilter? {
            var conv = Conv()
            (conv.channels, conv.kernel, conv.padding) = (16, 3, .same)
            change(&conv)
            let shape: Shape = [1, channels, 12, 12]
            return try MinimalFilter(
                conv, conv.window(over: shape), source: shape.dimensions,
                target: conv.outputShapes(for: [shape])[0].dimensions)
        }
        #expect(try (filter { _ in } != nil) == Engine.hasAVX2)
        #expect(try filter { $0.kernel = 5 } == nil)
        #expect(try filter { $0.stride = 2 } == nil)
        #expect(try filter { $0.dilation = 2 } == nil)
        #expect(try filter { $0.groups = 2 } == nil)
        #expect(try filter({ _ in }, channels: 7) == nil)
        #expect(try (filter({ _ in }, channels: 8) != nil) == Engine.hasAVX2)
        #expect(try (filter({ $0.channels = 3 }, channels: 17) != nil) == Engine.hasAVX2)
        // One group of a layer of several is computed as those.
        #expect(try filter { $0.part = ConvPart(groups: 2) } == nil)
    }

    @Test("a kernel that was chosen is kept to, and values that are none become 0 as in oneDNN's rectifiers")
    func demands() throws {
        var generator = SeededGenerator(seed: 3)
        let test = Case(channels: 16, outputs: 16, height: 6, width: 6, slope: 0)
        let graph = try graph(test, generator: &generator)
        var options = CompileOptions(threads: 1)
        options.kernels["conv"] = KernelChoice(
            implementation: MinimalFilter.implementations[0], source: "nhwc", target: "nhwc")
        let last = try Session(graph, backend: OneDNNBackend(), options: options)
        options.kernels["conv"] = KernelChoice(implementation: "jit:avx2", source: "nChw8c", target: "nChw8c")
        let direct = try Session(graph, backend: OneDNNBackend(), options: options)
        // In 32 bits, squares of 4x4 outputs would show.
        options.kernels["conv"]?.implementation = MinimalFilter.implementations[1]
        let other = try Session(graph, backend: OneDNNBackend(), options: options)
        #expect(other.kernels.allSatisfy { $0.implementation != MinimalFilter.implementations[1] })
        #expect(direct.kernels.allSatisfy { $0.implementation != MinimalFilter.implementations[0] })
        var x = try Tensor.random([1, 16, 6, 6], using: &generator)
        let own = try Session(graph, backend: OneDNNBackend()).run(["x": x])["y"]
        #expect(try last.run(["x": x])["y"] == own)
        try x.withMutableFloats { $0[40] = .nan }
        let (a, b) = (try #require(last.run(["x": x])["y"]), try #require(direct.run(["x": x])["y"]))
        #expect(try a.floats().allSatisfy { !$0.isNaN } && b.floats().allSatisfy { !$0.isNaN })
    }
}
