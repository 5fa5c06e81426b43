import TesseraCore

/// Inferences of one session whose inputs and outputs keep their memory: after the first, they allocate nothing.
public struct InferenceRequest {
    private let graph: BoundGraph
    private let compiled: any CompiledNetwork
    private var inputs: [Tensor]
    private var results: [Tensor] = []

    init(graph: BoundGraph, compiled: any CompiledNetwork, inputs: [Tensor]) {
        (self.graph, self.compiled, self.inputs) = (graph, compiled, inputs)
    }

    /// Runs one inference.
    public mutating func run() throws {
        if results.isEmpty { results = try compiled.makeOutputs() }
        try compiled.run(inputs, into: &results) { false }
    }

    /// The outputs of the last inference, by name.
    public var outputs: [String: Tensor] {
        Dictionary(zip(graph.graph.outputs.map(\.name), results)) { first, _ in first }
    }

    /// Other inputs for the next inferences.
    ///
    /// - Throws: as `Session.run` for inputs that do not fit.
    public mutating func setInputs(_ tensors: [String: Tensor]) throws { inputs = try graph.ordered(tensors) }
}
