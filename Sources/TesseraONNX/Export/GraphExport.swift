import TesseraCore
import TesseraNetwork

/// Collects the nodes and weights of a model while the layers of a network are written one after another.
final class GraphExport {
    private let graph: Graph
    private let trial: ExportTrial
    private(set) var nodes: [ONNXNodeProto] = []
    private(set) var initializers: [(name: String, tensor: Tensor)] = []
    private var names: [Graph.ValueID: String] = [:]
    private var taken: Set<String> = []
    private var read: Set<Graph.ValueID> = []
    /// Outputs that need a node of their own, as their value has another name.
    private var aliases: [(name: String, value: Graph.ValueID)] = []
    private var weightNames: [String: String] = [:]

    /// - Throws: `invalidArgument` if an output is called like an input.
    init(_ graph: Graph, trial: ExportTrial) throws {
        self.graph = graph
        self.trial = trial
        for input in graph.inputs {
            names[input.value] = input.name
            taken.insert(input.name)
        }
        for output in graph.outputs {
            guard taken.insert(output.name).inserted else {
                throw TesseraError(
                    .invalidArgument, "ONNX needs outputs named other than inputs, found '\(output.name)'")
            }
            if names[output.value] == nil {
                names[output.value] = output.name
            } else {
                aliases.append((output.name, output.value))
            }
        }
        read = Set(graph.nodes.flatMap(\.inputs) + graph.outputs.map(\.value))
        for (id, value) in graph.values.enumerated() where names[id] == nil { names[id] = unusedName(value.name) }
    }

    /// Adds the nodes for outputs whose values have other names.
    func addAliases() {
        for (output, value) in aliases { addNode("Identity", named: output, [name(value)], [output], [:]) }
    }

    // MARK: Values

    func name(_ value: Graph.ValueID) -> String { names[value] ?? "" }
    func isRead(_ value: Graph.ValueID) -> Bool { read.contains(value) }
    func facts(of value: Graph.ValueID) -> LayerExport.Facts? { trial.facts(of: value) }
    func parameter(_ name: String, of node: Graph.Node) -> Tensor? { trial.parameters[node.name]?[name] }

    /// `name`, or the first of `name_2`, `name_3`, … that is free; it is then taken.
    func unusedName(_ name: String) -> String {
        var candidate = name
        var number = 1
        while !taken.insert(candidate).inserted {
            number += 1
            candidate = "\(name)_\(number)"
        }
        return candidate
    }

    // MARK: Model

    func addNode(
        _ type: String, named name: String, _ inputs: [String], _ outputs: [String],
        _ attributes: [String: ExportAttribute]
    ) {
        var node = ONNXNodeProto()
        (node.opType, node.name, node.output) = (type, name, outputs)
        // Inputs left out at the end are not written.
        node.input = inputs.reversed().drop { $0.isEmpty }.reversed()
        node.attribute = attributes.sorted { $0.key < $1.key }.map { $0.value.proto(named: $0.key) }
        nodes.append(node)
    }

    /// Adds a constant and gives its name.
    func addInitializer(_ tensor: Tensor, named name: String) -> String {
        let name = unusedName(name)
        initializers.append((name, tensor))
        return name
    }

    /// Adds a constant as a value of the graph.
    func addInitializer(_ tensor: Tensor, as value: Graph.ValueID) { initializers.append((name(value), tensor)) }

    /// Adds a weight as `LAYER.parameter`, once, and gives its name.
    func addWeight(_ tensor: Tensor, of node: Graph.Node, _ parameter: String) -> String {
        let name = "\(node.name).\(parameter)"
        if let known = weightNames[name] { return known }
        let given = addInitializer(tensor, named: name)
        weightNames[name] = given
        return given
    }
}
