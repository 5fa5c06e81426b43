import Foundation
import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@testable import TesseraNetwork

@Suite struct NetworkWritingTests {
    private let loader = NetworkLoader(operators: .builtin)

    /// What a network is, without where it was written.
    private func facts(_ network: Network) -> [String] {
        let graph = network.graph
        func name(_ value: Graph.ValueID) -> String { graph.values[value].name }
        return [network.name]
            + graph.inputs.map { "\($0.name) \($0.shape) \(network.inputs[$0.name]?.configuration.flow ?? "-")" }
            + graph.nodes.map { "\($0.name) \($0.op.name) \($0.op.configuration.flow) \($0.inputs.map(name))" }
            + graph.outputs.map { output in
                var declaration = network.outputs[output.name] ?? OutputDeclaration()
                declaration.from = nil
                return "\(output.name) \(name(output.value)) \(declaration.configuration.flow)"
            }
    }

    private func copy(_ network: Network, in folder: TemporaryFolder) throws -> Network {
        try network.write(to: folder.file("copy.yaml"))
        return try loader.load(folder.file("copy.yaml"))
    }

    @Test(
        "every network that is shipped is the same when it is written and read again", arguments: try TestFiles.networks
    )
    func shipped(name: String) throws {
        let network = try loader.load(TestFiles.network(name))
        #expect(try facts(copy(network, in: TemporaryFolder())) == facts(network))
    }

    @Test("and the lighter ones have the same weights", arguments: try TestFiles.lightNetworks)
    func weights(name: String) throws {
        let network = try loader.load(TestFiles.network(name))
        let shapes = Dictionary(
            uniqueKeysWithValues: network.graph.inputs.map { input in
                let sizes = input.shape.dimensions.map { $0.fixedSize ?? 32 }
                return (input.name, Shape(sizes))
            })
        let folder = try TemporaryFolder()
        let copy = try copy(network, in: folder)
        #expect(try copy.bound(inputs: shapes).parameters == network.bound(inputs: shapes).parameters)
    }

    @Test("the text is what a person would write")
    func text() throws {
        let text = """
            tessera: 1
            name: example
            inputs:
              image: {shape: [1, 3, height, width], order: bgr, scale: 1, mean: [104, 117, 123]}
            weights: {random: 7}
            layers:
              - conv: {name: a, channels: 4, kernel: 3, padding: same}
              - relu
              - relu: {name: b}
              - leaky_relu: {name: leaky_relu1, slope: 0.2}
              - add: {name: sum, from: [b, leaky_relu1]}
              - relu: {name: relu2}
              - conv: {name: "{{odd}} name: 1", from: image, channels: 4, kernel: 3}
              - concat: {name: end, from: [relu2, "{{odd}} name: 1"]}
            outputs:
              end:
              first: {from: b, scale: 1}
              second: a

            """
        // What others refer to is named, so that a layer more does not change its meaning.
        #expect(try loader.load(text: text, file: "n.yaml").fileText() == text)
    }

    @Test("names that look automatic but are not are written")
    func numbers() throws {
        var graph = Graph()
        var value = try graph.addInput("x", shape: SymbolicShape([1, 1, 2, 2]))
        for name in ["relu2", "relu1", "relu4", "relu5x", "relu"] {
            value = try graph.addNode(name, Relu(), inputs: [value])
        }
        try graph.addOutput("relu", value)
        let network = Network(name: "007", graph: graph, inputs: [:], weights: .none)
        let again = try loader.load(text: network.fileText(), file: "n.yaml")
        #expect(again.graph.nodes.map(\.name) == ["relu2", "relu1", "relu4", "relu5x", "relu"])
        #expect(again.name == "007")
    }

    @Test("weights that are at hand are written beside the file, and replace what was there")
    func weights() throws {
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape([1, 1, 2, 2]))
        let conv = try Conv(configuration: .map([("channels", 1.configuration), ("kernel", 1.configuration)]))
        try graph.addOutput("y", try graph.addNode("c.0", conv, inputs: [x]))
        let tensors = ["c.0.weight": try Tensor([3], shape: [1, 1, 1, 1]), "c.0.bias": try Tensor([4], shape: [1])]
        let folder = try TemporaryFolder()
        try Network(name: "n", graph: graph, inputs: [:], weights: .tensors(tensors)).write(to: folder.file("n.yaml"))
        #expect(try folder.contents == ["n.safetensors", "n.yaml"])
        let again = try loader.load(folder.file("n.yaml"))
        #expect(
            try again.bound().parameters == [
                ["weight": tensors["c.0.weight"], "bias": tensors["c.0.bias"]].compactMapValues { $0 }
            ])
        // A network can be written where it was read.
        try again.write(to: folder.file("n.yaml"))
        #expect(try loader.load(folder.file("n.yaml")).bound().parameters == again.bound().parameters)
    }
}
