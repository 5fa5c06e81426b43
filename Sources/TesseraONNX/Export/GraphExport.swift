import TesseraCore
import TesseraNetwork

/// Collects the nodes and weights of a model while the layers of a network are written one after another.
final class GraphExport {
    private let graph: Graph
    private let trial: ExportTrial
    private(set) var nodes: [ONNXNodeProto] = []
    private(set) var initializers: [(name: String, tensor: Tensor)] = []
    private var names: [Graph.ValueID: String] = [:]
    private var valueNames = UniqueNames()
    private var nodeNames = UniqueNames()
    /// The element types of values, as far as they are known.
    private var types: [String: ElementType] = [:]
    /// Why the first node of a layer that is of a type that ONNX's operator does not take cannot be written.
    private var refusal: TesseraError?
    private var read: Set<Graph.ValueID> = []
    /// Outputs that need a node of their own, as their value has another name.
    private var aliases: [(name: String, value: Graph.ValueID)] = []
    private var weightNames: [String: String] = [:]

    /// - Throws: `invalidArgument` if an output is called like an input that it is not.
    init(_ graph: Graph, trial: ExportTrial) throws {
        self.graph = graph
        self.trial = trial
        for input in graph.inputs {
            names[input.value] = input.name
            _ = valueNames.insert(input.name)
        }
        // An input may be an output, too, under its own name.
        for output in graph.outputs where names[output.value] != output.name {
            guard valueNames.insert(output.name) else {
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
        for id in graph.values.indices { types[name(id)] = trial.types[id] }
    }

    /// Adds the nodes for outputs whose values have other names.
    func addAliases() {
        for (output, value) in aliases { addNode("Identity", named: output, [name(value)], [output], [:]) }
    }

    // MARK: Values

    func name(_ value: Graph.ValueID) -> String { names[value] ?? "" }
    func producer(of value: Graph.ValueID) -> Graph.Node? { graph.values[value].producer.map { graph.nodes[$0] } }
    func isRead(_ value: Graph.ValueID) -> Bool { read.contains(value) }
    func facts(of value: Graph.ValueID) -> LayerExport.Facts? { trial.facts(of: value) }
    func type(of value: Graph.ValueID) -> ElementType? { trial.types[value] }
    func rank(of value: Graph.ValueID) -> Int? { trial.ranks[value] }
    func parameter(_ name: String, of node: Graph.Node) -> Tensor? { trial.parameters[node.name]?[name] }

    /// `name`, or the first of `name_2`, `name_3`, … that no value has; it is then taken.
    func unusedName(_ name: String) -> String { valueNames.claim(name) }

    // MARK: Model

    func addNode(
        _ type: String, named name: String, _ inputs: [String], _ outputs: [String],
        _ attributes: [String: ExportAttribute]
    ) {
        var node = ONNXNodeProto()
        (node.opType, node.name, node.output) = (type, nodeNames.claim(name), outputs)
        // Inputs left out at the end are not written.
        node.input = inputs.reversed().drop { $0.isEmpty }.reversed()
        node.attribute = attributes.sorted { $0.key < $1.key }.map { $0.value.proto(named: $0.key) }
        nodes.append(node)
        check(type, inputs, outputs, attributes)
    }

    /// Keeps what is known of types up to date, and a node that ONNX's operator does not take.
    private func check(
        _ type: String, _ inputs: [String], _ outputs: [String], _ attributes: [String: ExportAttribute]
    ) {
        guard let given = inputs.first.flatMap({ types[$0] }) else { return }
        if refusal == nil, !ExportTypes.takes(given, type) {
            refusal = TesseraError(.notSupported, "ONNX's operator '\(type)' for \(given) is not supported")
        }
        let made = ExportTypes.result(of: type, inputs: inputs.map { types[$0] }, attributes)
        for output in outputs where types[output] == nil { types[output] = made }
    }

    /// Adds nodes.
    ///
    /// - Throws: `notSupported` if one is of a type that ONNX's operator does not take, and what `add` throws.
    func checkingTypes(_ add: () throws -> Void) throws {
        refusal = nil
        try add()
        if let refusal { throw refusal }
    }

    /// Adds a constant and gives its name.
    func addInitializer(_ tensor: Tensor, named name: String) -> String {
        let name = unusedName(name)
        types[name] = tensor.elementType
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
