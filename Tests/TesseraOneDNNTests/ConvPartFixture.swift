import Tessera
import TesseraTestSupport
import Testing

/// A convolution with its weights and its input, of which parts are cut.
struct ConvPartFixture {
    var op: Conv
    var input: Tensor
    var weights: [String: Tensor]

    /// With random weights.
    init(_ op: Conv, _ input: Tensor, using generator: inout SeededGenerator) throws {
        (self.op, self.input) = (op, input)
        weights = try Dictionary(
            uniqueKeysWithValues: op.parameters(for: [input.shape]).map {
                ($0.name, try Tensor.random($0, using: &generator))
            })
    }

    /// A box of at least one element along every axis.
    static func region(of shape: Shape, using generator: inout SeededGenerator) -> Region {
        Region(
            shape.dimensions.map { size in
                let start = Int.random(in: 0..<size, using: &generator)
                return start..<Int.random(in: start + 1...size, using: &generator)
            })
    }

    /// The layer `conv` alone from `x` to `y`, or with one after it.
    func graph(followedBy next: (any Operator)? = nil) throws -> BoundGraph {
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape(input.shape))
        var value = try graph.addNode("conv", op, inputs: [x])
        if let next { value = try graph.addNode("next", next, inputs: [value]) }
        try graph.addOutput("y", value)
        return try BoundGraph(graph, inputs: [:]) { _, specification in weights[specification.name] }
    }

    /// Becomes the part that makes a region of the output.
    mutating func cut(to region: Region) throws {
        let tile = try op.tile(region, ofOutput: 0, inputs: [input.shape])
        op = try #require(tile.op as? Conv)
        input = try input.cropped(to: #require(tile.inputs[0]))
        for (name, region) in tile.parameters { weights[name] = try weights[name]?.cropped(to: region) }
    }
}
