import TesseraCore

/// Turns a graph into something that can be trained. The operators' reference gradients are what it is tested against.
public protocol TrainingBackend: Sendable {
    var name: String { get }
    /// - Throws: `notSupported`, with the layer's path, if a layer between a weight and an output has no gradient.
    func compileForTraining(_ graph: BoundGraph, options: TrainingOptions) throws -> any TrainableNetwork
}

/// How a graph is trained.
public struct TrainingOptions: Sendable {
    public var threads: Int
    /// That of activations and of what layers compute with; weights and their updates are f32 always.
    public var precision: Precision
    /// How much of the running statistics a batch replaces.
    public var momentum: Double
    /// Outputs, by their places, that are of no interest outside of training: a backend need not compute them there.
    public var auxiliaryOutputs: Set<Int> = []

    public init(threads: Int = 1, precision: Precision = .f32, momentum: Double = 0.1) {
        (self.threads, self.precision, self.momentum) = (max(1, threads), precision, momentum)
    }
}

/// A graph that is ready to be trained, with its weights. One caller at a time.
public protocol TrainableNetwork: AnyObject, Sendable {
    var graph: BoundGraph { get }
    var parameters: ParameterSet { get }
    /// Bytes held for activations and their gradients.
    var activationByteCount: Int { get }
    /// Runs the network on its inputs, in the order that the graph declares them.
    ///
    /// - Parameters:
    ///   - isTraining: whether batch normalizations take the statistics of this batch, and remember them, instead of the running
    ///     ones.
    ///   - outputs: as `makeOutputs` gives them, or as an earlier run left them. Unless `isTraining`, those that are auxiliary hold
    ///     anything.
    func forward(_ inputs: [Tensor], isTraining: Bool, into outputs: inout [Tensor]) throws
    /// Computes the gradients of all weights, given those of the outputs, for the inputs of the last `forward` in training.
    func backward(_ outputGradients: [Tensor]) throws
}

extension TrainableNetwork {
    /// Tensors for the outputs, in the order the graph declares them.
    public func makeOutputs() throws -> [Tensor] {
        try graph.graph.outputs.map { try Tensor(zeros: graph.shapes[$0.value]) }
    }

    /// The outputs for some inputs.
    public func forward(_ inputs: [Tensor], isTraining: Bool) throws -> [Tensor] {
        var outputs = try makeOutputs()
        try forward(inputs, isTraining: isTraining, into: &outputs)
        return outputs
    }

    /// - Throws: `shapeMismatch` for tensors that are not what the values demand.
    public func check(_ tensors: [Tensor], for values: [Graph.ValueID], what: String) throws {
        guard tensors.count == values.count else {
            throw TesseraError(.shapeMismatch, "expected \(values.count) \(what), found \(tensors.count)")
        }
        for (tensor, value) in zip(tensors, values)
        where tensor.shape != graph.shapes[value] || tensor.elementType != .f32 {
            throw TesseraError(
                .shapeMismatch,
                "expected \(what) of \(graph.shapes[value]) f32 for '\(graph.graph.values[value].name)', found \(tensor.shape) \(tensor.elementType)"
            )
        }
    }
}

extension BoundGraph {
    /// By value: whether a weight, and so its gradient, stands somewhere before it.
    public var isTrained: [Bool] {
        var result = [Bool](repeating: false, count: graph.values.count)
        for (id, node) in graph.nodes.enumerated() where !(node.op is Constant) {
            let hasWeights = !parameters[id].isEmpty
            guard hasWeights || node.inputs.contains(where: { result[$0] }) else { continue }
            for output in node.outputs { result[output] = true }
        }
        return result
    }

    /// By layer: whether an output other than these depends on it.
    public func isNeeded(except outputs: Set<Int>) -> [Bool] {
        var wanted = Set(graph.outputs.enumerated().filter { !outputs.contains($0.offset) }.map(\.element.value))
        var result = [Bool](repeating: false, count: graph.nodes.count)
        for (id, node) in graph.nodes.enumerated().reversed() where node.outputs.contains(where: wanted.contains) {
            result[id] = true
            wanted.formUnion(node.inputs)
        }
        return result
    }
}
