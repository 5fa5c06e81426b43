import TesseraCore
import TesseraNetwork
import TesseraOperators

/// The auxiliary network (METHODS.md E1-E4): the quantized network once more, with the same weights, where each convolution is joined
/// with one of numbers that has `width` times its channels.
///
/// Its values are streams, each of the shape of the quantized network's value. The first set of kernels is added to the output of the
/// quantized convolution; that sum is stream 1. The outputs of the other sets are streams 2 to `width`. Together they are the
/// concatenation of E4; kept apart, every layer in between fits each of them. A quantized layer reads stream 1 alone, rounded; the kernels of
/// numbers read all streams as they are, those of a grouped convolution the one of their own number. What does not reach the output, such as the
/// other streams of the last convolution, is left out.
///
/// All weights of the quantized network are shared, but for its batch normalizations: statistics of a stream are its own.
struct AuxiliaryNetwork {
    private(set) var builder: QuantizationAwareGraph
    let width: Int
    /// Weights of layers that only the auxiliary network has, and the first values of those that it shares.
    private(set) var weights: [String: Tensor] = [:]
    /// Weights that are those of the network.
    private(set) var shared: [String: String] = [:]
    private let given: [String: Tensor]
    private let seed: Int
    private let soleReaders: [Graph.NodeID?]
    private var streams: [Graph.ValueID: [Graph.ValueID]] = [:]
    private var rounded: [RoundedValue.Key: Graph.ValueID] = [:]
    /// By value: how many streams somebody reads.
    private var widths: [Int]

    static let prefix = "auxiliary"
    /// What the names of kernels of numbers end with.
    static let numbers = ".numbers"

    /// - Parameters:
    ///   - builder: has the network already.
    ///   - weights: those of the network.
    init(_ builder: QuantizationAwareGraph, weights: [String: Tensor], width: Int, seed: Int) {
        (self.builder, given, self.width, self.seed) = (builder, weights, width, seed)
        soleReaders = builder.source.soleReaders
        widths = Self.widths(builder.source, joined: { Self.isJoined($0, builder.layers) }, width)
    }

    private static func isJoined(_ node: Graph.Node, _ layers: [String: TrainedLayer]) -> Bool {
        node.op is Conv && layers[node.name] != nil
    }

    /// How many streams of each value reach the output.
    private static func widths(_ graph: Graph, joined: (Graph.Node) -> Bool, _ width: Int) -> [Int] {
        var follows = [Bool](repeating: false, count: graph.values.count)
        for node in graph.nodes {
            let isWide = joined(node) || node.inputs.contains { follows[$0] }
            for output in node.outputs { follows[output] = isWide }
        }
        var result = [Int](repeating: 0, count: graph.values.count)
        for output in graph.outputs { result[output.value] = 1 }
        for node in graph.nodes.reversed() {
            let read = node.outputs.map { result[$0] }.max() ?? 0
            for input in node.inputs where read > 0 {
                let isMixed = joined(node) && (node.op as? Conv)?.groups == 1
                result[input] = max(result[input], follows[input] ? (isMixed ? width : read) : 1)
            }
        }
        return result
    }

    /// Adds its layers and its output.
    mutating func add() throws {
        for input in builder.source.inputs { streams[input.value] = builder.values[input.value].map { [$0] } }
        for node in builder.source.nodes {
            guard let count = node.outputs.map({ widths[$0] }).max(), count > 0 else { continue }
            if Self.isJoined(node, builder.layers) {
                try addJoined(node, streams: count)
            } else if node.inputs.allSatisfy({ streams[$0] == builder.values[$0].map { [$0] } }) {
                // Before the first convolution both networks are the same.
                for output in node.outputs { streams[output] = builder.values[output].map { [$0] } }
            } else {
                for stream in 0..<count { try addCopy(of: node, stream: stream) }
            }
        }
        guard weights.keys.contains(where: { $0.hasSuffix(Self.numbers + ".weight") }) else {
            throw TesseraError(.invalidArgument, "expected a quantized convolution to join with others, found none")
        }
        for output in builder.source.outputs {
            try builder.addOutput("\(Self.prefix).\(output.name)", value(output.value, stream: 0))
        }
    }

    private func value(_ value: Graph.ValueID, stream: Int) throws -> Graph.ValueID {
        guard let all = streams[value], !all.isEmpty else {
            throw TesseraError(
                .notFound, "expected '\(builder.source.values[value].name)' to be made before it is read")
        }
        return all[min(stream, all.count - 1)]
    }

    /// The weights of a layer of the network, whose names may begin with those of others.
    private func parameters(of node: Graph.Node) -> [(String, Tensor)] {
        given.sorted { $0.key < $1.key }.compactMap { key, tensor in
            guard let dot = key.lastIndex(of: "."), key[..<dot] == node.name else { return nil }
            return (String(key[key.index(after: dot)...]), tensor)
        }
    }

    private mutating func addCopy(of node: Graph.Node, stream: Int) throws {
        let name = builder.unused("\(Self.prefix)\(stream + 1).\(node.name)")
        var inputs = try node.inputs.map { try value($0, stream: stream) }
        if stream == 0, let layer = builder.layers[node.name] { inputs = [try rounded(layer)] }
        for (parameter, tensor) in parameters(of: node) {
            let (key, own) = ("\(node.name).\(parameter)", "\(name).\(parameter)")
            weights[own] = tensor
            if stream == 0 && !(node.op is BatchNorm) { shared[own] = key }
        }
        for (old, new) in try builder.add(node, named: name, node.op, inputs: inputs) {
            streams[old, default: []].append(new)
        }
    }

    /// A quantized convolution, and the one of numbers beside it.
    private mutating func addJoined(_ node: Graph.Node, streams count: Int) throws {
        guard let layer = builder.layers[node.name], let conv = node.op as? Conv, let read = streams[layer.input] else {
            throw TesseraError(.notFound, "expected what '\(node.name)' reads to be made before it")
        }
        let quantized: Graph.ValueID
        if read == builder.values[layer.input].map({ [$0] }), let own = builder.values[node.outputs[0]] {
            quantized = own
        } else {
            try addCopy(of: node, stream: 0)
            quantized = try value(node.outputs[0], stream: 0)
        }
        var result: [Graph.ValueID] = []
        let all =
            read.count == 1 || conv.groups > 1
            ? read[0]
            : try builder.add(builder.unused("\(Self.prefix).\(node.name).streams"), Concat(), inputs: read)
        for set in 0..<count {
            let name = builder.unused("\(Self.prefix)\(set + 1).\(node.name)\(Self.numbers)")
            let source = conv.groups > 1 ? read[min(set, read.count - 1)] : all
            let made = try builder.add(name, conv, inputs: [source])
            try addWeights(name, layer, streams: conv.groups > 1 ? 1 : read.count, isFirst: set == 0)
            result.append(
                set > 0
                    ? made
                    : try builder.add(
                        builder.unused("\(Self.prefix).\(node.name)"), Add(), inputs: [quantized, made]))
        }
        streams[node.outputs[0]] = result
    }

    private func isNormalized(_ value: Graph.ValueID) -> Bool {
        soleReaders[value].map { builder.source.nodes[$0].op is BatchNorm } ?? false
    }

    /// The first set begins with the weights of the network over stream 1, and zeros over the others. A normalization takes away that the sum
    /// is larger for it; where none follows, the set begins with what rounding takes from the weights, so that stream 1 begins as in the
    /// network whose weights are not rounded. The other sets are drawn with variance 2 / inputs (He et al., 2015).
    private mutating func addWeights(_ name: String, _ layer: TrainedLayer, streams count: Int, isFirst: Bool) throws {
        var shape = layer.weight.shape
        let own = shape.dimensions.dropFirst().reduce(1, *)
        shape[1] *= count
        var tensor = try Tensor(zeros: shape)
        if isFirst {
            let first = isNormalized(layer.node.outputs[0]) ? layer.weight : try layer.roundingError()
            try tensor.paste(first, at: Region(whole: first.shape))
        } else {
            let weight = ParameterSpecification("weight", shape, .weight(fanIn: own * count))
            tensor = try RandomWeights.tensor(weight, named: "\(name).weight", seed: seed)
        }
        self.weights["\(name).weight"] = tensor
        if let bias = given["\(layer.name).bias"] {
            self.weights["\(name).bias"] = try Tensor(zeros: bias.shape)
        }
    }

    /// Stream 1 of what a layer reads, rounded with the network's own step.
    private mutating func rounded(_ layer: TrainedLayer) throws -> Graph.ValueID {
        if let present = rounded[layer.reads] { return present }
        guard let point = builder.point(layer), let own = builder.roundingNames[layer.reads],
            let source = streams[layer.input]?.first
        else { throw TesseraError(.notFound, "expected a value to round for '\(layer.name)', found none") }
        let name = builder.unused("\(Self.prefix).\(own)")
        let result = try builder.add(name, point.op, inputs: [source])
        if let learned = point.learned {
            weights["\(name).\(learned.name)"] = try Tensor([learned.initial], shape: [1])
            shared["\(name).\(learned.name)"] = "\(own).\(learned.name)"
        }
        rounded[layer.reads] = result
        return result
    }
}
