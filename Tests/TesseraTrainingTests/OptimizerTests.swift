import Tessera
import TesseraTestSupport
import Testing

@Suite struct OptimizerTests {
    /// A layer of two weights.
    private func parameters() throws -> ParameterSet {
        var graph = Graph()
        var op = Linear()
        op.bias = false
        let x = try graph.addInput("x", shape: SymbolicShape([1, 2]))
        try graph.addOutput("y", graph.addNode("layer", op, inputs: [x]))
        return try ParameterSet(BoundGraph(graph, inputs: [:]) { _, _ in try Tensor([1, -2], shape: [1, 2]) })
    }

    @Test("three steps as PyTorch makes them: SGD with and without Nesterov momentum and decay, AdamW")
    func asPyTorch() throws {
        let decay = WeightDecay(0.01)
        let cases: [(any Optimizer, [Float])] = [
            (StochasticGradientDescent(momentum: 0.9, nesterov: true, decay: decay), [0.73691350, -2.5066433]),
            (StochasticGradientDescent(momentum: 0.9), [0.79899997, -2.4155000]),
            (AdamW(decay: decay), [0.83655298, -2.2157650]),
        ]
        for (optimizer, expected) in cases {
            let parameters = try parameters()
            let entry = parameters.entries[0]
            for gradient in [[1, 0.5], [-0.5, 2], [0.25, -1]] as [[Float]] {
                try parameters.setGradient(entry, Tensor(gradient, shape: [1, 2]))
                optimizer.update(parameters, rate: 0.1)
            }
            let found = try parameters.tensor(entry).floats()
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 2e-6 }, "\(found), \(expected)")
        }
    }

    @Test("biases and normalizations decay only if they are told to")
    func decay() throws {
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape([1, 2]))
        let normalized = try graph.addNode("bn", BatchNorm(), inputs: [x])
        try graph.addOutput("y", graph.addNode("layer", Linear(), inputs: [normalized]))
        for decaysAll in [false, true] {
            let parameters = try ParameterSet(
                BoundGraph(graph, inputs: [:]) {
                    try Tensor([Float](repeating: 1, count: $1.shape.elementCount), shape: $1.shape)
                })
            StochasticGradientDescent(decay: WeightDecay(0.5, decaysAll: decaysAll)).update(parameters, rate: 1)
            for entry in parameters.entries {
                let expected: Float = entry.isTrainable && (decaysAll || entry.name == "layer.weight") ? 0.5 : 1
                #expect(try parameters.tensor(entry).floats().allSatisfy { $0 == expected }, "\(entry.name)")
            }
        }
    }

    @Test("gradients are shrunk to a norm, and left alone below it")
    func clipping() throws {
        let parameters = try parameters()
        let entry = parameters.entries[0]
        try parameters.setGradient(entry, Tensor([3, 4], shape: [1, 2]))
        #expect(parameters.gradientNorm() == 5)
        parameters.clipGradients(to: 10)
        #expect(try parameters.gradient(entry).floats() == [3, 4])
        parameters.clipGradients(to: 1)
        #expect(try zip(parameters.gradient(entry).floats(), [0.6, 0.8]).allSatisfy { abs($0 - Float($1)) < 1e-5 })
    }
}
