import TesseraCore
import TesseraOperators
import TesseraRuntime
import TesseraTestSupport
import Testing

@Suite struct SessionTests {
    @Test("inputs that are missing, unknown or of another shape or type are refused by name")
    func badInputs() throws {
        let session = try Session(diamond(), backend: ReferenceBackend())
        let (image, offset) = (try Tensor(zeros: [1, 1, 2, 2]), try Tensor(zeros: [1, 1, 1, 1]))
        expectError(.notFound, "input 'offset' of shape 1x1x1x1 is missing") { try session.run(["image": image]) }
        expectError(.notFound, "no input 'ofset', did you mean 'offset'?") {
            try session.run(["image": image, "ofset": offset])
        }
        expectError(.shapeMismatch, "input 'image' expects 1x1x2x2 f32, found 1x1x2x3 f32") {
            try session.run(["image": Tensor(zeros: [1, 1, 2, 3]), "offset": offset])
        }
        expectError(.shapeMismatch, "input 'image' expects 1x1x2x2 f32, found 1x1x2x2 f16") {
            try session.run(["image": Tensor(zeros: [1, 1, 2, 2], elementType: .f16), "offset": offset])
        }
    }

    @Test("a small graph with a residual, a repeated operand and three outputs, computed by hand")
    func byHand() throws {
        let session = try Session(diamond(), backend: ReferenceBackend())
        let outputs = try session.run([
            "image": Tensor([1, -2, 3, -4], shape: [1, 1, 2, 2]), "offset": Tensor([0.5], shape: [1, 1, 1, 1]),
        ])
        // scaled = 2x - 1 = [1, -5, 5, -9]; active = [1, 0, 5, 0]; sum = active + x = [2, -2, 8, -4]; shifted = sum - 0.5.
        #expect(try outputs["shifted"]?.floats() == [1.5, -2.5, 7.5, -4.5])
        #expect(try outputs["active"]?.floats() == [1, 0, 5, 0])
        #expect(try outputs["same"]?.floats() == [1, -2, 3, -4])
        #expect(outputs.count == 3)
    }

    @Test("the reference backend says what runs, and what it holds")
    func description() throws {
        let session = try Session(diamond(), backend: ReferenceBackend())
        #expect(session.kernels.map(\.layer) == ["scaled", "active", "sum", "shifted_by"])
        #expect(session.kernels.map(\.implementation) == ["conv", "relu", "add", "subtract"].map { "reference:\($0)" })
        // image, scaled, active, sum and shifted_by have 4 elements, offset has 1.
        #expect(session.activationByteCount == (5 * 4 + 1) * 4)
    }

    @Test("a layer without its weights fails with the layer's path")
    func missingWeights() throws {
        let graph = try BoundGraph(diamond().graph, inputs: [:]) { _, _ in nil }
        let session = try Session(graph, backend: ReferenceBackend())
        expectError(.notFound, "scaled: ", "weight") {
            try session.run(["image": Tensor(zeros: [1, 1, 2, 2]), "offset": Tensor(zeros: [1, 1, 1, 1])])
        }
    }

    @Test("at least one thread is used")
    func threads() {
        #expect(CompileOptions(threads: 0).threads == 1)
        #expect(CompileOptions(threads: -3).threads == 1)
    }

    /// image -> conv 2x - 1 -> relu -> + image -> - offset.
    private func diamond() throws -> BoundGraph {
        var graph = Graph()
        let image = try graph.addInput("image", shape: SymbolicShape(Shape([1, 1, 2, 2])))
        let offset = try graph.addInput("offset", shape: SymbolicShape(Shape([1, 1, 1, 1])))
        let scaled = try graph.addNode("scaled", Conv(), inputs: [image])
        let active = try graph.addNode("active", Relu(), inputs: [scaled])
        let sum = try graph.addNode("sum", Add(), inputs: [active, image])
        let shifted = try graph.addNode("shifted_by", Subtract(), inputs: [sum, offset])
        try graph.addOutput("shifted", shifted)
        try graph.addOutput("active", active)
        try graph.addOutput("same", image)
        return try BoundGraph(graph, inputs: [:]) { _, specification in
            specification.name == "weight" ? try Tensor([2], shape: [1, 1, 1, 1]) : try Tensor([-1], shape: [1])
        }
    }
}
