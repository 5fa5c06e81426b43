import TesseraCore

/// One layer while it is written as ONNX nodes.
final class LayerExport {
    /// Type and shape of a value; the shape is that of one possible input where sizes are open, so only its rank, and sizes that
    /// belong to weights, mean something.
    typealias Facts = (shape: Shape, elementType: ElementType)

    let node: Graph.Node
    let keys: LayerKeys
    private let graph: GraphExport
    private let roles: [String]

    init(_ node: Graph.Node, graph: GraphExport) throws {
        self.node = node
        self.graph = graph
        keys = LayerKeys(node.op)
        roles = try node.op.roles(count: node.inputs.count)
    }

    // MARK: What it reads

    /// All inputs, in order.
    var inputs: [String] { node.inputs.map(graph.name) }

    /// The input of a role, nil if it is not given.
    func optionalInput(_ role: String) -> String? { index(role).map { graph.name(node.inputs[$0]) } }

    func input(_ role: String = "x") throws -> String {
        guard let name = optionalInput(role) else { throw TesseraError(.notFound, "the input '\(role)' is missing") }
        return name
    }

    private func index(_ role: String) -> Int? { roles.firstIndex(of: role) }

    /// What is known of an input.
    func facts(_ role: String = "x") -> Facts? { index(role).flatMap { graph.facts(of: node.inputs[$0]) } }

    /// What is known of the input at `index`.
    func facts(at index: Int) -> Facts? {
        node.inputs.indices.contains(index) ? graph.facts(of: node.inputs[index]) : nil
    }

    /// The element type of an input.
    func type(_ role: String = "x") -> ElementType { index(role).flatMap { graph.type(of: node.inputs[$0]) } ?? .f32 }

    /// The number of axes of an input.
    ///
    /// - Throws: `notSupported` if it depends on data.
    func rank(_ role: String = "x") throws -> Int {
        guard let rank = index(role).flatMap({ graph.rank(of: node.inputs[$0]) }) else {
            throw TesseraError(.notSupported, "an input whose number of axes is not known is not supported")
        }
        return rank
    }

    /// A weight of the layer: an initializer, or the input that takes its place; nil if the layer has none of that name.
    func parameter(_ name: String) throws -> String? {
        try optionalInput(name) ?? ownParameter(name).map { graph.addWeight($0, of: node, name) }
    }

    /// The elements of a weight of the layer's own, in the type of what it computes with, which ONNX demands.
    func ownParameter(_ name: String) throws -> Tensor? {
        guard let tensor = graph.parameter(name, of: node) else { return nil }
        let type = type()
        guard tensor.elementType != type else { return tensor }
        return try Tensor(reals: tensor.reals(), shape: tensor.shape, elementType: type)
    }

    /// A weight of the layer's own as it is stored.
    func storedParameter(_ name: String) -> Tensor? { graph.parameter(name, of: node) }

    /// The layer that makes a value.
    func producer(of value: Graph.ValueID) -> Graph.Node? { graph.producer(of: value) }

    // MARK: What it makes

    /// The name of output `index`.
    func output(_ index: Int = 0) -> String { graph.name(node.outputs[index]) }

    /// True if somebody reads output `index`.
    func wants(output index: Int) -> Bool { node.outputs.indices.contains(index) && graph.isRead(node.outputs[index]) }

    /// Adds the node that makes the layer's first output.
    func emit(_ type: String, _ inputs: [String?], _ attributes: [String: ExportAttribute] = [:]) {
        graph.addNode(type, named: node.name, inputs.map { $0 ?? "" }, [output()], attributes)
    }

    /// Adds a node that makes several outputs of the layer.
    func emit(
        _ type: String, _ inputs: [String?], outputs: [String], _ attributes: [String: ExportAttribute] = [:]
    ) {
        graph.addNode(type, named: node.name, inputs.map { $0 ?? "" }, outputs, attributes)
    }

    /// Adds a node on the way, and gives the name of what it makes.
    func step(
        _ suffix: String, _ type: String, _ inputs: [String?], _ attributes: [String: ExportAttribute] = [:]
    ) -> String {
        let name = "\(node.name)/\(suffix)"
        let output = graph.unusedName(name)
        graph.addNode(type, named: name, inputs.map { $0 ?? "" }, [output], attributes)
        return output
    }

    /// A name for a value on the way.
    func stepName(_ suffix: String) -> String { graph.unusedName("\(node.name)/\(suffix)") }

    /// A constant that the nodes need.
    func constant(_ suffix: String, _ tensor: Tensor) -> String {
        graph.addInitializer(tensor, named: "\(node.name)/\(suffix)")
    }

    /// A weight in another form, under the weight's own name.
    func weight(_ name: String, as tensor: Tensor) -> String { graph.addWeight(tensor, of: node, name) }

    func integers(_ suffix: String, _ values: [Int]) throws -> String {
        constant(suffix, try Tensor(integers: values.map(Int64.init), shape: [values.count]))
    }

    func scalar(_ suffix: String, _ value: Double, _ type: ElementType) throws -> String {
        constant(suffix, try Tensor(reals: [value], shape: [], elementType: type))
    }

    /// The input of a role, or else the integers of the key of the same name as a constant.
    func integers(role: String) throws -> String? {
        if let input = integerInput(role) { return input }
        return try keys.optionalInts(role).map { try integers(role, $0) }
    }

    /// The input of a role as integers of a type that ONNX takes there, the last of those listed if it is of none.
    func integerInput(_ role: String, _ types: ElementType...) -> String? {
        guard let input = optionalInput(role) else { return nil }
        let accepted = types.isEmpty ? [.i64] : types
        guard let last = accepted.last, !accepted.contains(type(role)) else { return input }
        return step("\(role)_\(last)", "Cast", [input], ["to": .int(Int(last.onnxNumber))])
    }
}
