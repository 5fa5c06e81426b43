import TesseraCore
import TesseraOperators
import TesseraRuntime
import TesseraTestSupport
import Testing

/// What a precision means, by hand: bf16 has 8 significant bits, f16 has 11.
@Suite struct PrecisionTests {
    @Test("numbers are rounded to the nearest of a precision, ties to even")
    func rounding() throws {
        // Between 1 and 2, neighbours are 2^-7 apart in bf16 and 2^-10 in f16.
        let (half, quarter): (Float, Float) = (1 / 256, 1 / 2048)
        let values: [Float] = [1 + half, 1 + 3 * half, 1 + quarter, 1 + 3 * quarter, 65504, 65520, -0.0, 1e-8]
        let tensor = try Tensor(values, shape: [8])
        #expect(try tensor.rounded(to: .f32) == tensor)
        let small = Float(sign: .plus, exponent: -27, significand: 1.34375)
        let bf16: [Float] = [1, 1 + 4 * half, 1, 1, 65536, 65536, -0.0, small]
        #expect(try tensor.rounded(to: .bf16).floats() == bf16)
        let f16: [Float] = [1 + half, 1 + 3 * half, 1, 1 + 4 * quarter, 65504, .infinity, -0.0, 0]
        #expect(try tensor.rounded(to: .f16).floats() == f16)
        let integers = try Tensor(integers: [257, 65537], shape: [2])
        #expect(try integers.rounded(to: .bf16) == integers)
    }

    @Test("a layer rounds what it reads, its weights and what it makes, and nothing in between")
    func layer() throws {
        // y = w · x + b with x = 1 + 1/256 → 1, w = 1 + 3/256 → 1 + 1/64, b = 1/256, exact: y = 1 + 5/256, a tie that goes to
        // 1 + 4/256 (the even neighbour of 1 + 4/256 and 1 + 6/256).
        let unit: Float = 1 / 256
        let outputs = try run(.init(.bf16), x: 1 + unit, weight: 1 + 3 * unit, bias: unit)
        #expect(outputs == ["y": 1 + 4 * unit, "z": 2 + 8 * unit])
        // In f32 all of it is exact: (1 + 1/256)(1 + 3/256) + 1/256.
        let exact: Float = 1 + 5 * unit + 3 * unit * unit
        #expect(try run(.init(), x: 1 + unit, weight: 1 + 3 * unit, bias: unit)["y"] == exact)
    }

    @Test("a layer of another precision reads what was made before it in its own")
    func mixed() throws {
        // conv in f32 makes 1 + 5/256 + 3/65536, which add reads as 1 + 6/256 in bf16 (beyond the tie); twice that is exact.
        let unit: Float = 1 / 256
        let outputs = try run(.init(.f32, layers: ["z": .bf16]), x: 1 + unit, weight: 1 + 3 * unit, bias: unit)
        let exact: Float = 1 + 5 * unit + 3 * unit * unit
        #expect(outputs == ["y": exact, "z": 2 + 12 * unit])
    }

    @Test("a constant is rounded by who reads it, and not itself")
    func constants() throws {
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape(Shape([1])))
        var op = Constant()
        (op.values, op.shape) = ([1.00390625], [1])
        let constant = try graph.addNode("c", op, inputs: [])
        for name in ["f32", "bf16"] { try graph.addOutput(name, graph.addNode(name, Add(), inputs: [x, constant])) }
        let session = try Session(
            BoundGraph(graph, inputs: [:]) { _, _ in nil }, backend: ReferenceBackend(),
            options: CompileOptions(precision: PrecisionChoice(.bf16, layers: ["f32": .f32])))
        let outputs = try session.run(["x": Tensor([0], shape: [1])]).mapValues { try $0.floats() }
        #expect(outputs == ["f32": [1.00390625], "bf16": [1]])
    }

    @Test("a backend that does not compute in a precision is not asked to")
    func notSupported() throws {
        let options = CompileOptions(precision: PrecisionChoice(.f32, layers: ["y": .f16]))
        expectError(.notSupported, "the backend 'plain' computes in f32, and not in f16") {
            _ = try Session(scale(1, 0), backend: PlainBackend(), options: options)
        }
        _ = try Session(scale(1, 0), backend: PlainBackend())
    }

    @Test("a choice is one name, or a map with single layers, and is written as it is read")
    func configuration() throws {
        let choice = PrecisionChoice(.f16, layers: ["a.b": .f32, "c": .bf16])
        #expect(choice.configuration.flow == "{base: 'f16', layers: {a.b: 'f32', c: 'bf16'}}")
        #expect(try PrecisionChoice(configuration: choice.configuration) == choice)
        #expect(try PrecisionChoice(configuration: "bf16".configuration) == PrecisionChoice(.bf16))
        #expect(PrecisionChoice(.bf16).configuration == "bf16".configuration)
        expectError(.invalidArgument, "expected one of f32, bf16, f16, found 'int8'") {
            _ = try PrecisionChoice(configuration: "int8".configuration)
        }
        expectError(.invalidArgument, "unknown key 'layer'", "did you mean 'layers'?") {
            _ = try PrecisionChoice(configuration: .map([("layer", .empty)]))
        }
        expectError(.invalidArgument, "c: ", "found 'f64'") {
            _ = try PrecisionChoice(configuration: .map([("layers", .map([("c", "f64".configuration)]))]))
        }
        expectError(.notFound, "'conv', which is no layer", "y") {
            try PrecisionChoice(.f32, layers: ["conv": .f16]).check(against: scale(1, 0).graph)
        }
    }

    private func run(_ choice: PrecisionChoice, x: Float, weight: Float, bias: Float) throws -> [String: Float] {
        let session = try Session(
            scale(weight, bias), backend: ReferenceBackend(), options: CompileOptions(precision: choice))
        return try session.run(["x": Tensor([x], shape: [1, 1, 1, 1])]).mapValues { try $0.floats()[0] }
    }

    /// y = weight · x + bias, z = y + y.
    private func scale(_ weight: Float, _ bias: Float) throws -> BoundGraph {
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape(Shape([1, 1, 1, 1])))
        let y = try graph.addNode("y", Conv(), inputs: [x])
        try graph.addOutput("y", y)
        try graph.addOutput("z", graph.addNode("z", Add(), inputs: [y, y]))
        return try BoundGraph(graph, inputs: [:]) { _, specification in
            specification.name == "weight" ? try Tensor([weight], shape: [1, 1, 1, 1]) : try Tensor([bias], shape: [1])
        }
    }
}

/// A backend that says nothing of precisions.
private struct PlainBackend: KernelBackend {
    let name = "plain"
    let instructionSet = "portable"
    func compile(_ graph: BoundGraph, options: CompileOptions) throws -> any CompiledNetwork {
        try ReferenceBackend().compile(graph, options: options)
    }
}
