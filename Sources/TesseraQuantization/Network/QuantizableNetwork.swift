import TesseraCore
import TesseraNetwork
import TesseraOperators
import TesseraPruning

/// A network as it can be quantized: folded, with all weights as tensors of the layers that read them.
struct QuantizableNetwork: Sendable {
    /// A layer that can compute with integers.
    struct Layer: Sendable {
        let id: Graph.NodeID
        let node: Graph.Node
        let op: any IntegerWeights
        let groups: Int
        let weight: Tensor
        let bias: Tensor?

        var name: String { node.name }
        var channels: Int { weight.shape[0] }
        /// What it reads.
        var input: Graph.ValueID { node.inputs[0] }
    }

    let network: Network
    let weights: [String: Tensor]
    let layers: [Layer]
    /// Multiply-accumulates of each layer, by name.
    let operations: [String: Int]

    var graph: Graph { network.graph }

    /// - Parameter inputs: the shape of every input.
    /// - Throws: `invalidArgument` if it has no layer that could be quantized, or is quantized already.
    init(_ network: Network, inputs: [String: Shape]) throws {
        let folded = try network.folded()
        let bound = try folded.bound(inputs: inputs)
        if let node = bound.graph.nodes.first(where: {
            $0.op is Quantize || (($0.op as? any IntegerWeights)?.weightBits ?? 0) > 0
        }) {
            throw TesseraError(
                .invalidArgument, "expected a network of numbers, found integers already", path: node.name,
                location: node.location)
        }
        let rebuilt = try folded.rebuilt(ChannelDependencies(bound), weights: [:])
        guard case .tensors(let weights) = rebuilt.weights else {
            throw TesseraError(.invalidArgument, "'\(network.name)' has no weights that could be quantized")
        }
        self.network = rebuilt
        self.weights = weights
        layers = Self.layers(of: rebuilt.graph, weights)
        operations = Dictionary(
            zip(bound.graph.nodes.map(\.name), bound.multiplyAccumulates), uniquingKeysWith: { first, _ in first })
        guard !layers.isEmpty else {
            throw TesseraError(
                .invalidArgument, "'\(network.name)' has no convolutions or linear layers that could be quantized")
        }
    }
}

extension QuantizableNetwork {
    private init(network: Network, weights: [String: Tensor], layers: [Layer], operations: [String: Int]) {
        (self.network, self.weights, self.layers, self.operations) = (network, weights, layers, operations)
    }

    private static func layers(of graph: Graph, _ weights: [String: Tensor]) -> [Layer] {
        graph.nodes.enumerated().compactMap { id, node in
            guard let op = node.op as? any IntegerWeights, node.inputs.count == 1,
                let weight = weights["\(node.name).weight"], weight.elementType == .f32
            else { return nil }
            return Layer(
                id: id, node: node, op: op, groups: (op as? Conv)?.groups ?? 1, weight: weight,
                bias: weights["\(node.name).bias"])
        }
    }

    /// The same layers with other weights, by name.
    func replacing(_ changed: [String: Tensor]) -> QuantizableNetwork {
        let weights = weights.merging(changed) { $1 }
        let network = network.replacingWeights(.tensors(weights))
        return QuantizableNetwork(
            network: network, weights: weights, layers: Self.layers(of: network.graph, weights), operations: operations)
    }

    /// The network with other outputs, named as their values are.
    func showing(_ values: [Graph.ValueID]) throws -> Network {
        Network(
            name: network.name, graph: try graph.replacingOutputs(values), inputs: network.inputs,
            weights: .tensors(weights))
    }
}

extension IntegerWeights {
    /// The layer with weights of so many bits, and a bias.
    func stored(weightBits: Int, bias: Bool) -> any Operator {
        var op = self
        op.weightBits = weightBits
        if var conv = op as? Conv {
            conv.bias = bias
            return conv
        }
        if var linear = op as? Linear {
            linear.bias = bias
            return linear
        }
        return op
    }
}
