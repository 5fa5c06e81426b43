import TesseraCore
import TesseraNetwork
import TesseraOperators

/// Makes a graph anew, in which some values travel as integers and some layers have weights of integers.
struct QuantizedGraph {
    let source: QuantizableNetwork
    /// By value.
    let scales: [Graph.ValueID: QuantizationScale]
    let layers: [QuantizedLayer]

    func network() throws -> Network {
        var weights = source.weights
        for layer in layers {
            weights["\(layer.name).bias"] = nil
            weights.merge(try layer.tensors) { $1 }
        }
        let network = source.network
        return Network(
            name: network.name, graph: try graph(), inputs: network.inputs, outputs: network.outputs,
            weights: .tensors(weights))
    }

    private func graph() throws -> Graph {
        let points = IntegerReaders(graph: source.graph, quantized: Set(scales.keys))
        let layers = Dictionary(uniqueKeysWithValues: layers.map { ($0.name, $0) })
        let old = source.graph
        var graph = Graph()
        // A value as it is made, and as others read it.
        var made: [Graph.ValueID: Graph.ValueID] = [:]
        var read: [Graph.ValueID: Graph.ValueID] = [:]
        var names = Set(old.values.map(\.name) + old.aliases.map(\.name))

        func unused(_ name: String) -> String {
            var candidate = name
            while !names.insert(candidate).inserted { candidate += "_" }
            return candidate
        }
        func define(_ value: Graph.ValueID, as new: Graph.ValueID) throws {
            (made[value], read[value]) = (new, new)
            guard let scale = scales[value] else { return }
            let name = old.values[value].name
            let integers = try graph.addNode(unused("\(name).quantized"), Quantize(scale), inputs: [new])
            read[value] = try graph.addNode(unused("\(name).dequantized"), Dequantize(scale), inputs: [integers])
        }
        for input in old.inputs {
            try define(
                input.value, as: graph.addInput(input.name, shape: input.shape, elementType: input.elementType))
        }
        for node in old.nodes {
            let op =
                layers[node.name].flatMap { layer in
                    (node.op as? any IntegerWeights)?.stored(weightBits: layer.storedBits, bias: layer.bias != nil)
                } ?? node.op
            // What computes with numbers anyway reads them as they were made.
            let source = points.computesWithIntegers(node) || layers[node.name] != nil ? read : made
            let first = try graph.addNode(
                node.name, op, inputs: node.inputs.compactMap { source[$0] }, location: node.location)
            for (offset, value) in node.outputs.enumerated() { try define(value, as: first + offset) }
        }
        for alias in old.aliases {
            if let value = made[alias.value] { try graph.addAlias(alias.name, kind: alias.kind, of: value) }
        }
        for output in old.outputs {
            if let value = made[output.value] { try graph.addOutput(output.name, value) }
        }
        return graph
    }
}
