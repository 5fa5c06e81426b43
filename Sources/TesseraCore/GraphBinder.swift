/// Binds a graph: infers every shape and type, computes what follows from constants and shapes alone, and moves what is known
/// of control inputs into the operators that they control.
///
/// What depends on values that are only known when something has run stays unbound, see `unknown`.
public struct GraphBinder {
    /// What a value of the source graph has become.
    enum Meaning {
        /// A value of the bound graph.
        case value(Graph.ValueID)
        /// A tensor that is known.
        case known(Tensor)
    }

    let source: Graph
    private let parameter: (Graph.Node, ParameterSpecification) throws -> Tensor?
    private(set) var meanings: [Graph.ValueID: Meaning] = [:]
    var graph = Graph()
    private(set) var shapes: [Shape] = []
    private(set) var elementTypes: [ElementType] = []
    private(set) var parameters: [[String: Tensor]] = []
    private var constants: [Graph.ValueID: Graph.ValueID] = [:]
    /// The integers that known values of the source graph came from.
    private var quantized: [Graph.ValueID: QuantizedWeight] = [:]
    /// How many more elements may be computed while binding, which happens without being asked for: a few million, and a few
    /// times as many as the weights have.
    private var foldableElements = 1 << 24
    /// The layers that could not be bound.
    private(set) var unbound: [Graph.NodeID] = []

    /// Values of the source graph that must be known before its other layers can be bound, in order.
    public private(set) var unknown: [Graph.ValueID] = []

    /// - Parameters:
    ///   - inputs: the shape of every graph input by name.
    ///   - known: the value of graph inputs that are known and never change.
    ///   - parameter: gives the weight that a node wants, nil for one that is left out.
    /// - Throws: `shapeMismatch` with the layer's path if anything does not fit, and what `parameter` throws.
    public init(
        _ source: Graph, inputs: [String: Shape], known: [String: Tensor] = [:],
        parameter: @escaping (Graph.Node, ParameterSpecification) throws -> Tensor?
    ) throws {
        self.source = source
        self.parameter = parameter
        for tensor in known.values { foldableElements += 4 * tensor.shape.elementCount }
        try bindInputs(inputs, known: known)
        for (id, node) in source.nodes.enumerated() {
            try locatingErrors(path: node.name, at: node.location) { try bind(node, id) }
        }
        for alias in source.aliases {
            guard case .value(let bound) = meanings[alias.value] else { continue }
            try graph.addAlias(alias.name, kind: alias.kind, of: bound)
        }
        guard unbound.isEmpty else { return }
        for output in source.outputs { try graph.addOutput(output.name, boundValue(output.value)) }
    }

    /// The bound graph.
    ///
    /// - Throws: `notSupported` if some layers depend on values that are not known yet.
    public func bound() throws -> BoundGraph {
        if let value = unknown.first, let id = unbound.first {
            let node = source.nodes[id]
            throw TesseraError(
                .notSupported,
                "the value of '\(source.values[value].name)' must be known beforehand; 'tessera run' binds this layer once it is, other uses are not supported",
                path: node.name, location: node.location)
        }
        return BoundGraph(graph: graph, shapes: shapes, elementTypes: elementTypes, parameters: parameters)
    }

    // MARK: Inputs

    private mutating func bindInputs(_ inputs: [String: Shape], known: [String: Tensor]) throws {
        let names = Set(source.inputs.map(\.name))
        for name in inputs.keys where !names.contains(name) {
            throw TesseraError(
                .notFound,
                "the network has no input '\(name)'" + suggestion(for: name, among: source.inputs.map(\.name)))
        }
        var bindings: [String: Int] = [:]
        for input in source.inputs {
            guard let shape = inputs[input.name] ?? input.shape.concrete else {
                throw TesseraError(.invalidArgument, "input '\(input.name)' of shape \(input.shape) is missing")
            }
            try locatingErrors(path: "input '\(input.name)'") {
                try input.shape.bind(shape, into: &bindings)
                try Self.requireModestSize(shape)
            }
            let value = try graph.addInput(input.name, shape: SymbolicShape(shape), elementType: input.elementType)
            shapes.append(shape)
            elementTypes.append(input.elementType)
            meanings[input.value] = known[input.name].map(Meaning.known) ?? .value(value)
        }
    }

    // MARK: Layers

    private mutating func bind(_ node: Graph.Node, _ id: Graph.NodeID) throws {
        var given: [GivenInput] = []
        let roles = try node.op.roles(count: node.inputs.count)
        for (role, value) in zip(roles, node.inputs) {
            switch meanings[value] {
            case .known(let tensor):
                given.append(
                    GivenInput(
                        role: role, shape: tensor.shape, elementType: tensor.elementType, value: tensor,
                        quantized: quantized[value]))
            case .value(let bound):
                given.append(
                    GivenInput(role: role, shape: shapes[bound], elementType: elementTypes[bound], value: nil))
            case nil:
                unbound.append(id)
                return
            }
        }
        do {
            switch try node.op.resolved(given) {
            case .input(let index): meanings[node.outputs[0]] = meanings[node.inputs[index]]
            case .layer(let op, let kept, let weights):
                try add(node, op, inputs: kept.map { node.inputs[$0] }, given: kept.map { given[$0] }, weights)
            }
        } catch let error as UnknownValue {
            unbound.append(id)
            let value = node.inputs[error.input]
            if !unknown.contains(value) { unknown.append(value) }
        }
    }

    private mutating func add(
        _ node: Graph.Node, _ op: any Operator, inputs: [Graph.ValueID], given: [GivenInput],
        _ weights: [String: Tensor]
    ) throws {
        let inputShapes = given.map(\.shape)
        let types = try op.outputTypes(for: given.map(\.elementType))
        let outputs = try op.outputShapes(for: inputShapes)
        for shape in outputs {
            guard shape.dimensions.allSatisfy({ $0 >= 0 }) else {
                throw TesseraError(.shapeMismatch, "expected sizes of at least 0, found an output of \(shape)")
            }
            try Self.requireModestSize(shape)
        }
        let (parameters, areComplete) = try parameters(of: node, op, for: inputShapes, weights)
        let values = given.compactMap(\.value)
        // What needs nothing but what is known is computed now, unless that would take much memory or time.
        let elements = outputs.reduce(0) { Shape.saturatingSum($0, $1.elementCount) }
        if areComplete, values.count == given.count, elements <= foldableElements,
            op.multiplyAccumulates(inputs: inputShapes, outputs: outputs) <= Self.foldableOperations
        {
            if !(op is Constant) { foldableElements -= elements }
            for (value, tensor) in zip(node.outputs, try op.forward(values, parameters: parameters)) {
                meanings[value] = .known(tensor)
            }
            quantized[node.outputs[0]] = (op as? any QuantizedWeightSource)?.quantizedWeight(values)
            return
        }
        try append(
            node.name, op, inputs: inputs.map { try boundValue($0) }, location: node.location,
            shapes: outputs, types: types, parameters: parameters, outputs: node.outputs)
    }

    /// The multiply-accumulates that one layer may take while binding.
    private static let foldableOperations = 1 << 32

    /// The weights of a layer, and whether none is left out.
    private mutating func parameters(
        of node: Graph.Node, _ op: any Operator, for inputs: [Shape], _ weights: [String: Tensor]
    ) throws -> ([String: Tensor], areComplete: Bool) {
        var tensors: [String: Tensor] = [:]
        var areComplete = true
        for specification in try op.parameters(for: inputs) {
            guard let tensor = try weights[specification.name] ?? parameter(node, specification) else {
                areComplete = false
                continue
            }
            guard tensor.shape == specification.shape else {
                throw TesseraError(
                    .shapeMismatch,
                    "expected \(node.name).\(specification.name) of shape \(specification.shape), found \(tensor.shape)"
                )
            }
            tensors[specification.name] = tensor
            foldableElements += 4 * tensor.shape.elementCount
        }
        return (tensors, areComplete)
    }

    /// Adds a layer to the bound graph.
    private mutating func append(
        _ name: String, _ op: any Operator, inputs: [Graph.ValueID], location: SourceLocation?, shapes: [Shape],
        types: [ElementType], parameters: [String: Tensor], outputs: [Graph.ValueID]
    ) throws {
        let first = try graph.addNode(name, op, inputs: inputs, location: location)
        self.shapes += shapes
        elementTypes += types
        self.parameters.append(parameters)
        for (offset, value) in outputs.enumerated() { meanings[value] = .value(first + offset) }
    }

    /// The value of the bound graph that stands for one of the source; what is known becomes a constant layer.
    mutating func boundValue(_ value: Graph.ValueID) throws -> Graph.ValueID {
        switch meanings[value] {
        case .value(let bound): return bound
        case .known(let tensor):
            if let constant = constants[value] { return constant }
            let name = source.values[value].name
            let isInput = source.values[value].producer == nil
            let first = graph.values.count
            try append(
                isInput ? "\(name)~value" : name, Constant(tensor), inputs: [], location: nil, shapes: [tensor.shape],
                types: [tensor.elementType], parameters: ["value": tensor], outputs: [])
            constants[value] = first
            return first
        case nil:
            throw TesseraError(.notFound, "'\(source.values[value].name)' is made by nobody")
        }
    }

    /// Keeps what layers compute with sizes far from overflow.
    private static func requireModestSize(_ shape: Shape) throws {
        guard shape.elementCount < 1 << 42 else { throw TesseraError(.outOfMemory, "a value of \(shape) is too large") }
    }
}
