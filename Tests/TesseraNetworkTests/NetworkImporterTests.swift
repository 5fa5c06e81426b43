import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@testable import TesseraNetwork

/// Gives one network, whatever the file.
private struct FakeImporter: NetworkImporter {
    var format = "fake"

    func read(_ path: String) throws -> ImportedNetwork {
        guard path.hasSuffix("model.fake") else { throw TesseraError(.inputOutput, "cannot open '\(path)'") }
        return ImportedNetwork(
            name: "model",
            inputs: [
                .init(name: "x", shape: SymbolicShape([.fixed(1), .fixed(1), .symbol("h"), .symbol("w")])),
                .init(name: "boxes", shape: SymbolicShape([1, 2, 4])),
            ],
            layers: [
                .init(
                    kind: "conv", name: "c", keys: .map([("channels", 2.configuration), ("kernel", 1.configuration)]),
                    from: ["x"]),
                .init(kind: "softmax", name: "s", keys: .empty, from: ["c"]),
            ],
            outputs: [.init(name: "y", from: "s")],
            weights: ["c.weight": try Tensor([1, 2], shape: [2, 1, 1, 1]), "c.bias": try Tensor([3, 4], shape: [2])])
    }
}

/// Networks of other formats, alone and in a network file that says what goes in and what comes out.
@Suite struct NetworkImporterTests {
    private let loader = NetworkLoader(operators: .builtin, importers: [FakeImporter()])

    private func load(_ text: String) throws -> Network { try loader.load(text: text, file: "nets/n.yaml") }

    @Test("a file of another format is a network by itself")
    func alone() throws {
        let network = try loader.load("some/model.fake")
        #expect(network.name == "model")
        #expect(network.graph.nodes.map(\.name) == ["c", "s"])
        #expect(network.graph.outputs.map(\.name) == ["y"])
        let bound = try network.bound(inputs: ["x": [1, 1, 2, 2]])
        #expect(try bound.parameters[0]["bias"]?.floats() == [3, 4])
        expectError(.inputOutput, "cannot open 'some/other.fake'") { try loader.load("some/other.fake") }
        // Other weights take the place of its own.
        #expect(
            try loader.load("model.fake", weights: .random(seed: 1)).bound(inputs: ["x": [1, 1, 2, 2]]).parameters
                != bound.parameters)
    }

    @Test("a network file that names one says how pictures go in and what comes out")
    func wrapped() throws {
        let network = try load(
            """
            tessera: 1
            name: wrapped
            fake: model.fake
            inputs:
              x: {shape: [1, 1, 4, 6], scale: 1, resize: bilinear}
            outputs:
              hidden: c
              y: {from: s, top: 2}
            """)
        #expect(network.name == "wrapped")
        #expect(network.inputs["x"]?.scaling.scale == 1)
        #expect(network.graph.inputs.map(\.name) == ["x", "boxes"])
        #expect(network.outputNames == ["hidden", "y"])
        #expect(network.outputs["y"]?.kind == .ranking)
        // The sizes that the file fixes are the network's, although the model leaves them open.
        expectError(.shapeMismatch, "outputs.y: expected scores of [batch, classes] to rank, found 1x2x4x6") {
            try network.bound()
        }
    }

    @Test("what the file leaves out is the model's")
    func partly() throws {
        let network = try load("tessera: 1\nfake: model.fake\ninputs: {x: {mean: 127, scale: 1}}")
        #expect(network.graph.inputs.map(\.shape.description) == ["1x1xhxw", "1x2x4"])
        #expect(network.inputs["x"]?.scaling.mean == [127])
        #expect(network.outputNames == ["y"])
    }

    @Test(
        arguments: [
            ("fake: none.fake", "nets/n.yaml:2:7: fake: cannot open 'nets/none.fake'"),
            (
                "fake: model.fake\nlayers: []",
                "nets/n.yaml:3:1: 'layers:' does not go with 'fake:', which brings its own"
            ),
            (
                "fake: model.fake\ninputs: {z: {}}",
                "nets/n.yaml:3:10: inputs.z: the model has no input 'z'; there are: boxes, x"
            ),
            (
                "fake: model.fake\ninputs: {x: {shape: [1, 3, h, w]}}",
                "nets/n.yaml:3:21: inputs.x: expected the model's shape 1x1xhxw, found 1x3xhxw"
            ),
            ("fake: model.fake\ninputs: {x: {shape: [1, 1]}}", "expected the model's shape 1x1xhxw, found 1x1"),
            ("fake: model.fake\noutputs: [t]", "nets/n.yaml:3:11: outputs: unknown layer 't'"),
            ("faked: model.fake", "nets/n.yaml:2:1: unknown key 'faked', did you mean 'fake'?"),
        ])
    func wrong(text: String, message: String) { expectError(nil, message) { try load("tessera: 1\n" + text) } }
}
