import TesseraCore
import TesseraOperators

/// Trains with the operators' own forward and gradients: slow, and what other backends are compared with.
public struct ReferenceTrainingBackend: TrainingBackend {
    public let name = "reference"

    public init() {}

    public func compileForTraining(_ graph: BoundGraph, options: TrainingOptions) throws -> any TrainableNetwork {
        try ReferenceTrainableNetwork(graph, options: options)
    }
}

/// `@unchecked Sendable`: one caller at a time, as the protocol says.
private final class ReferenceTrainableNetwork: TrainableNetwork, @unchecked Sendable {
    let graph: BoundGraph
    let parameters: ParameterSet
    private let options: TrainingOptions
    private let isTrained: [Bool]
    /// What each value was in the last run.
    private var values: [Tensor?]
    var activationByteCount: Int { 2 * values.indices.reduce(0) { $0 + graph.byteCount(of: $1) } }

    init(_ graph: BoundGraph, options: TrainingOptions) throws {
        self.graph = graph
        self.options = options
        parameters = try ParameterSet(graph)
        isTrained = graph.isTrained
        values = graph.graph.values.map { _ in nil }
        for node in graph.graph.nodes where node.outputs.contains(where: { isTrained[$0] }) {
            try locatingErrors(path: node.name, at: node.location) { _ = try node.op.differentiable() }
        }
    }

    func forward(_ inputs: [Tensor], isTraining: Bool, into outputs: inout [Tensor]) throws {
        try check(inputs, for: graph.graph.inputs.map(\.value), what: "inputs")
        for (input, tensor) in zip(graph.graph.inputs, inputs) { values[input.value] = tensor }
        for (id, node) in graph.graph.nodes.enumerated() {
            try locatingErrors(path: node.name, at: node.location) {
                let results = try run(id, node, isTraining: isTraining)
                for (output, tensor) in zip(node.outputs, results) {
                    values[output] = try tensor.rounded(to: options.precision)
                }
            }
        }
        outputs = try graph.graph.outputs.map { try value($0.value) }
    }

    private func run(_ id: Int, _ node: Graph.Node, isTraining: Bool) throws -> [Tensor] {
        let inputs = try node.inputs.map(value)
        let weights = try weights(id, node)
        guard isTraining, let op = node.op as? BatchNorm else {
            return try node.op.forward(inputs, parameters: weights)
        }
        let training = try op.trainingForward(inputs[0], parameters: weights)
        if let mean = parameters.entry("\(node.name).running_mean"),
            let variance = parameters.entry("\(node.name).running_var")
        {
            let running = training.running(
                mean: try parameters.tensor(mean).reals(), variance: try parameters.tensor(variance).reals(),
                momentum: options.momentum)
            try parameters.set(mean, Tensor(reals: running.mean, shape: mean.shape, elementType: .f32))
            try parameters.set(variance, Tensor(reals: running.variance, shape: variance.shape, elementType: .f32))
        }
        return [training.output]
    }

    func backward(_ outputGradients: [Tensor]) throws {
        try check(outputGradients, for: graph.graph.outputs.map(\.value), what: "output gradients")
        var gradients: [Tensor?] = graph.graph.values.map { _ in nil }
        func add(_ gradient: Tensor, to value: Graph.ValueID) throws {
            gradients[value] =
                try gradients[value].map { try Add().forward([$0, gradient], parameters: [:])[0] } ?? gradient
        }
        for (output, gradient) in zip(graph.graph.outputs, outputGradients) { try add(gradient, to: output.value) }
        parameters.gradients.update(repeating: 0)
        for (id, node) in graph.graph.nodes.enumerated().reversed() {
            guard node.outputs.contains(where: { isTrained[$0] && gradients[$0] != nil }) else { continue }
            try locatingErrors(path: node.name, at: node.location) {
                let results = try gradientsOf(id, node, try node.outputs.map { try gradients[$0] ?? value($0).zeros() })
                for (input, gradient) in zip(node.inputs, results.inputs) where isTrained[input] {
                    if let gradient { try add(gradient, to: input) }
                }
                for (name, gradient) in results.parameters {
                    if let entry = parameters.entry("\(node.name).\(name)") {
                        try parameters.setGradient(entry, gradient)
                    }
                }
            }
        }
    }

    private func gradientsOf(_ id: Int, _ node: Graph.Node, _ outputGradients: [Tensor]) throws -> Gradients {
        let pass = BackwardPass(
            inputs: try node.inputs.map(value), parameters: try weights(id, node), outputs: try node.outputs.map(value),
            outputGradients: outputGradients)
        if let op = node.op as? BatchNorm { return try op.trainingBackward(pass) }
        return try node.op.gradients(pass)
    }

    /// The weights as they are now; constants of the layer as they were bound.
    private func weights(_ id: Int, _ node: Graph.Node) throws -> [String: Tensor] {
        var weights = graph.parameters[id]
        for entry in parameters.entries(of: node.name) {
            let tensor = try parameters.tensor(entry)
            weights[entry.parameter] = entry.isWeight ? try tensor.rounded(to: options.precision) : tensor
        }
        return weights
    }

    private func value(_ id: Graph.ValueID) throws -> Tensor {
        guard let tensor = values[id] else {
            throw TesseraError(.invalidArgument, "expected a run in training before gradients are asked for")
        }
        return tensor
    }
}

extension Tensor {
    fileprivate func zeros() throws -> Tensor { try Tensor(zeros: shape, elementType: elementType) }
}
