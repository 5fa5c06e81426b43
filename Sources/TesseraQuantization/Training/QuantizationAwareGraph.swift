import TesseraCore
import TesseraOperators

/// Makes a network's graph anew, in which values are rounded for the layers that need integers.
struct QuantizationAwareGraph {
    /// How a value is rounded.
    enum Rounding {
        /// In training.
        case fake(RoundedValue)
        /// As integers, by a scale, for layers whose weights have so many bits in files.
        case integers(QuantizationScale?, storedBits: [String: Int])
    }

    let source: Graph
    let layers: [String: TrainedLayer]
    private let points: [RoundedValue.Key: RoundedValue]
    private(set) var graph = Graph()
    /// What the network's values are in the new graph.
    private(set) var values: [Graph.ValueID: Graph.ValueID] = [:]
    /// The layers that round.
    private(set) var roundingNames: [RoundedValue.Key: String] = [:]
    private var rounded: [RoundedValue.Key: Graph.ValueID] = [:]
    private var names: Set<String>

    init(_ source: Graph, layers: [TrainedLayer], points: [RoundedValue]) {
        self.source = source
        self.layers = Dictionary(uniqueKeysWithValues: layers.map { ($0.name, $0) })
        self.points = Dictionary(uniqueKeysWithValues: points.map { ($0.key, $0) })
        names = Set(source.values.map(\.name) + source.aliases.map(\.name))
    }

    /// Adds all layers of the network, and its outputs.
    mutating func addNetwork(rounding: (RoundedValue) -> Rounding) throws {
        for input in source.inputs {
            values[input.value] = try graph.addInput(input.name, shape: input.shape, elementType: input.elementType)
        }
        for node in source.nodes {
            var op = node.op
            var inputs = try node.inputs.map { value in
                guard let made = values[value] else {
                    throw TesseraError(
                        .notFound, "expected '\(source.values[value].name)' to be made before it is read",
                        path: node.name)
                }
                return made
            }
            if let layer = layers[node.name], let point = points[layer.reads], let read = inputs.first {
                let rounding = rounding(point)
                inputs = [try self.rounded(read, point, rounding)]
                if case .integers(_, let bits) = rounding, let own = bits[node.name] {
                    let hasBias = (op as? Conv)?.bias ?? (op as? Linear)?.bias ?? false
                    op = layer.op.stored(weightBits: own, bias: hasBias)
                }
            }
            for (old, new) in try add(node, named: node.name, op, inputs: inputs) { values[old] = new }
        }
        for alias in source.aliases {
            if let value = values[alias.value] { try graph.addAlias(alias.name, kind: alias.kind, of: value) }
        }
        for output in source.outputs {
            if let value = values[output.value] { try graph.addOutput(output.name, value) }
        }
    }

    /// Adds a layer like one of the network.
    ///
    /// - Returns: the outputs of the network's layer, and what they are here.
    mutating func add(
        _ node: Graph.Node, named name: String, _ op: any Operator, inputs: [Graph.ValueID]
    ) throws -> [(Graph.ValueID, Graph.ValueID)] {
        let first = try graph.addNode(name, op, inputs: inputs, location: node.location)
        return node.outputs.enumerated().map { ($1, first + $0) }
    }

    /// Adds a layer of its own.
    mutating func add(_ name: String, _ op: any Operator, inputs: [Graph.ValueID]) throws -> Graph.ValueID {
        try graph.addNode(name, op, inputs: inputs)
    }

    mutating func addOutput(_ name: String, _ value: Graph.ValueID) throws { try graph.addOutput(unused(name), value) }

    /// The point at which a layer's input is rounded.
    func point(_ layer: TrainedLayer) -> RoundedValue? { points[layer.reads] }

    /// A name that no layer has.
    mutating func unused(_ name: String) -> String {
        var candidate = name
        while !names.insert(candidate).inserted { candidate += "_" }
        return candidate
    }

    private mutating func rounded(
        _ value: Graph.ValueID, _ point: RoundedValue, _ rounding: Rounding
    ) throws -> Graph.ValueID {
        if let present = rounded[point.key] { return present }
        let name = source.values[point.key.value].name
        let result: Graph.ValueID
        switch rounding {
        case .fake(let point):
            let name = unused("\(name).rounded")
            roundingNames[point.key] = name
            result = try graph.addNode(name, point.op, inputs: [value])
        case .integers(let scale, _):
            guard let scale else { return value }
            let integers = try graph.addNode(unused("\(name).quantized"), Quantize(scale), inputs: [value])
            result = try graph.addNode(unused("\(name).dequantized"), Dequantize(scale), inputs: [integers])
        }
        rounded[point.key] = result
        return result
    }
}
