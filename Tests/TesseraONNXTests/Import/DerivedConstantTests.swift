import Tessera
import TesseraTestSupport
import Testing

@testable import TesseraONNX

/// A constant that several nodes read as it is, transposed, reshaped or in parts.
@Suite struct DerivedConstantTests {
    /// A model of an input x and a 3x3 constant W whose elements count from 0.
    private func builder(_ type: ElementType, x: [ModelBuilder.Size] = [3, 3]) throws -> ModelBuilder {
        var builder = ModelBuilder(opset: 17)
        builder.input("x", x, type)
        builder.constant("W", try Tensor(reals: (0..<9).map(Double.init), shape: [3, 3], elementType: type))
        return builder
    }

    @Test("a constant and its transpose are added, each as it is")
    func transposed() throws {
        var builder = try builder(.f32)
        builder.node("Add", ["x", "W"], ["a"])
        builder.node("Transpose", ["W"], ["wt"])
        builder.node("Add", ["a", "wt"], ["y"])
        builder.output("y")
        let y = try #require(try builder.run(["x": Tensor(zeros: [3, 3], elementType: .f32)])["y"])
        #expect(y.reals() == [0, 4, 8, 4, 8, 12, 8, 12, 16])
    }

    @Test("products with a constant on the left and with its transpose differ")
    func product() throws {
        var builder = try builder(.f32, x: [3, 1])
        builder.node("MatMul", ["W", "x"], ["a"])
        builder.node("Transpose", ["W"], ["wt"], ["perm": .ints([1, 0])])
        builder.node("MatMul", ["wt", "a"], ["y"])
        builder.output("y")
        let y = try #require(try builder.run(["x": Tensor([1, 0, 0], shape: [3, 1])])["y"])
        #expect(y.reals() == [45, 54, 63])
    }

    @Test("two Gemm share a matrix that one of them transposes", arguments: [ElementType.f32, .f64])
    func gemm(type: ElementType) throws {
        var builder = try builder(type, x: [1, 3])
        builder.node("Gemm", ["x", "W"], ["a"])
        builder.node("Gemm", ["a", "W"], ["y"], ["transB": .int(1)])
        builder.output("y")
        let y = try builder.run(["x": Tensor(reals: [1, 0, 0], shape: [1, 3], elementType: type)])["y"]
        #expect(y?.reals() == [5, 14, 23])
    }

    @Test("a bias is a row for one node and a matrix for another")
    func bias() throws {
        var builder = try builder(.f32, x: [1, 3])
        builder.constant("b", try Tensor([10, 20, 30], shape: [1, 3]))
        builder.node("Gemm", ["x", "W", "b"], ["a"])
        builder.node("Add", ["a", "b"], ["y"])
        builder.output("y")
        #expect(try builder.run(["x": Tensor([1, 0, 0], shape: [1, 3])])["y"]?.reals() == [20, 41, 62])
    }

    @Test("slopes for each channel are added as they are", arguments: [ElementType.f32, .f64])
    func slopes(type: ElementType) throws {
        var builder = ModelBuilder(opset: 17)
        builder.input("x", [1, 3, 1, 1], type)
        builder.constant("s", try Tensor(reals: [0, 1, 2], shape: [3, 1, 1], elementType: type))
        builder.node("PRelu", ["x", "s"], ["a"])
        builder.node("Add", ["a", "s"], ["y"])
        builder.output("y")
        let x = try Tensor(reals: [-4, -3, -2], shape: [1, 3, 1, 1], elementType: type)
        #expect(try builder.run(["x": x])["y"]?.reals() == [0, -2, -2])
    }

    @Test("axes are added to a constant that is also read without them")
    func unsqueezed() throws {
        var builder = ModelBuilder(opset: 17)
        builder.input("x", [2, 2])
        builder.constant("s", try Tensor([1, 10], shape: [2]))
        builder.integers("axes", [1])
        builder.node("Add", ["x", "s"], ["a"])
        builder.node("Unsqueeze", ["s", "axes"], ["column"])
        builder.node("Add", ["a", "column"], ["y"])
        builder.output("y")
        #expect(try builder.run(["x": Tensor(zeros: [2, 2], elementType: .f32)])["y"]?.reals() == [2, 11, 11, 20])
    }

    // MARK: Recurrent layers

    /// Numbers between -1 and 1 that look drawn at random.
    private func values(_ count: Int, seed: Int) -> [Double] {
        (0..<count).map { Double(($0 * 73 + seed * 31) % 97) / 48.5 - 1 }
    }

    /// A layer of 4 units over a sequence [5, 2, 3].
    ///
    /// - Parameter given: the weights that are inputs of the model instead of constants.
    private func recurrent(_ operatorType: String, gates: Int, _ type: ElementType, given: Set<String> = []) throws
        -> (model: ModelBuilder, inputs: [String: Tensor])
    {
        var builder = ModelBuilder(opset: 17)
        builder.input("x", [5, 2, 3], type)
        var inputs = ["x": try Tensor(reals: values(30, seed: 1), shape: [5, 2, 3], elementType: type)]
        let shapes = [("W", [2, gates * 4, 3]), ("R", [2, gates * 4, 4]), ("B", [2, gates * 8])]
        for (seed, (name, sizes)) in shapes.enumerated() {
            let shape = Shape(sizes)
            let tensor = try Tensor(reals: values(shape.elementCount, seed: seed), shape: shape, elementType: type)
            if given.contains(name) {
                builder.input(name, sizes.map(ModelBuilder.Size.fixed), type)
                inputs[name] = tensor
            } else {
                builder.constant(name, tensor)
            }
        }
        builder.node(
            operatorType, ["x", "W", "R", "B"], ["y", "h"],
            ["hidden_size": .int(4), "direction": .string("bidirectional")])
        builder.output("y", "h")
        return (builder, inputs)
    }

    @Test(
        "weights compute the same in every type and as inputs as they do as constants of f32",
        arguments: [("LSTM", 4), ("GRU", 3), ("RNN", 1)])
    func weights(operatorType: String, gates: Int) throws {
        let plain = try recurrent(operatorType, gates: gates, .f32)
        let expected = try plain.model.run(plain.inputs)
        for (type, given) in [(ElementType.f16, []), (.f64, []), (.f32, ["W"]), (.f32, ["W", "R", "B"])] {
            let other = try recurrent(operatorType, gates: gates, type, given: Set(given))
            let found = try other.model.run(other.inputs)
            let copy = try exported(other.model.network()).reference(other.inputs)
            for name in ["y", "h"] {
                let reals = try #require(expected[name]?.reals())
                for result in [found[name], copy[name]] {
                    let result = try #require(result)
                    #expect(result.elementType == type && result.shape == expected[name]?.shape)
                    let difference = zip(result.reals(), reals).map { abs($0 - $1) }.max() ?? 1
                    #expect(difference < (type == .f16 ? 0.01 : 1e-5), "\(type) \(given) \(name)")
                }
            }
        }
    }

    /// The network after it was written as a model and read again.
    private func exported(_ network: Network) throws -> Network {
        let folder = try TemporaryFolder()
        try ONNXExporter().write(network, to: folder.file("m.onnx"))
        return try Modules.builtin.loader.load(folder.file("m.onnx"))
    }

    @Test("a hidden size that overflows is one error", arguments: [1 << 62, .max, 0, -1])
    func hiddenSize(size: Int) {
        for name in ["LSTM", "GRU", "RNN"] {
            expectError(.malformedFile, "hidden size") {
                try layers(
                    opset: 17, name, ["x", "W", "R"], ["hidden_size": .int(size)],
                    given: ["x": [5, 2, 3], "W": [1, 16, 3]]
                ) { $0.weight("R", [1, 16, 4]) }
            }
        }
    }
}
