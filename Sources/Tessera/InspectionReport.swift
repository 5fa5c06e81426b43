import TesseraCore
import TesseraNetwork

/// What `tessera inspect` tells of a network.
public struct InspectionReport: Encodable, CustomStringConvertible, Sendable {
    struct Value: Sendable, Encodable {
        let name: String
        let shape: [Int]
        let element_type: String

        init(_ value: Graph.ValueID, named name: String? = nil, of graph: BoundGraph) {
            self.name = name ?? graph.graph.values[value].name
            shape = graph.shapes[value].dimensions
            element_type = graph.elementTypes[value].rawValue
        }
    }

    struct Layer: Sendable, Encodable {
        let name: String
        let type: String
        /// The operator's keys that differ from their defaults.
        let keys: Configuration
        /// The names of the values that it reads.
        let inputs: [String]
        let outputs: [Value]
        /// The shape of each weight.
        let weights: [String: [Int]]
        let parameters: Int
        let macs: Int
    }

    let network: String
    let inputs: [Value]
    let outputs: [Value]
    let layers: [Layer]
    let parameters: Int
    let macs: Int

    public init(_ network: Network, _ bound: BoundGraph) throws {
        let graph = bound.graph
        self.network = network.name
        inputs = graph.inputs.map { Value($0.value, of: bound) }
        outputs = graph.outputs.map { Value($0.value, named: $0.name, of: bound) }
        let costs = zip(bound.parameterCounts, bound.multiplyAccumulates)
        layers = try zip(graph.nodes, costs).map { node, costs in
            let parameters = try node.op.parameters(for: bound.inputShapes(of: node))
            return Layer(
                name: node.name, type: node.op.name, keys: node.op.configuration,
                inputs: node.inputs.map { graph.values[$0].name }, outputs: node.outputs.map { Value($0, of: bound) },
                weights: Dictionary(parameters.map { ($0.name, $0.shape.dimensions) }) { first, _ in first },
                parameters: costs.0, macs: costs.1)
        }
        parameters = layers.map(\.parameters).reduce(0, Shape.saturatingSum)
        macs = layers.map(\.macs).reduce(0, Shape.saturatingSum)
    }

    public var description: String {
        // Types are worth a column where there is more than the usual one.
        let hasTypes = layers.contains { $0.outputs.contains { $0.element_type != ElementType.f32.rawValue } }
        var table = TextTable(header: ["layer", "type", "output", "parameters", "MACs"])
        for layer in layers {
            let outputs = layer.outputs.map { "\(Shape($0.shape))" + (hasTypes ? " \($0.element_type)" : "") }
            table.add([layer.name, layer.type, outputs.joined(separator: ", "), "\(layer.parameters)", "\(layer.macs)"])
        }
        table.add(["total", "", "", "\(parameters)", "\(macs)"])
        return table.description
    }
}
