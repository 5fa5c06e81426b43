/// A network: operators joined into a directed acyclic graph.
///
/// Layers can only be added after what they read, so the order of `nodes` is always an order of execution.
public struct Graph: Sendable {
    public typealias ValueID = Int
    public typealias NodeID = Int

    /// What travels along an edge.
    public struct Value: Sendable {
        public let name: String
        /// The node that makes it; nil for a graph input.
        public let producer: NodeID?
        /// Which of the producer's outputs it is.
        public let output: Int
    }

    /// One layer.
    public struct Node: Sendable {
        /// The layer's path, unique in the graph: `layer1.0.conv1`.
        public let name: String
        public let op: any Operator
        public let inputs: [ValueID]
        public let outputs: [ValueID]
        /// Where it was written.
        public let location: SourceLocation?

        /// The same work on other values of the graph.
        package func reading(_ inputs: [ValueID], making outputs: [ValueID]) -> Node {
            Node(name: name, op: op, inputs: inputs, outputs: outputs, location: location)
        }
    }

    public struct Input: Sendable {
        public let name: String
        public let value: ValueID
        public let shape: SymbolicShape
        public let elementType: ElementType
    }

    public struct Output: Sendable {
        public let name: String
        public let value: ValueID
    }

    /// Another name for a value: that of a layer which was merged into the one that makes it.
    public struct Alias: Sendable, Equatable {
        public let name: String
        /// The name of the operator that the layer had.
        public let kind: String
        public let value: ValueID
    }

    public private(set) var values: [Value] = []
    public private(set) var nodes: [Node] = []
    public private(set) var inputs: [Input] = []
    public private(set) var outputs: [Output] = []
    /// The layers that were merged into others.
    public private(set) var aliases: [Alias] = []
    private var names: Set<String> = []
    private var outputNames: Set<String> = []

    public init() {}

    @discardableResult
    public mutating func addInput(
        _ name: String, shape: SymbolicShape, elementType: ElementType = .f32
    ) throws -> ValueID {
        try claim([name])
        values.append(Value(name: name, producer: nil, output: 0))
        inputs.append(Input(name: name, value: values.count - 1, shape: shape, elementType: elementType))
        return values.count - 1
    }

    /// Adds a layer.
    ///
    /// - Returns: its first output, which has the layer's name; the others follow it and are named `LAYER.output`.
    /// - Throws: `invalidArgument` if a name is taken, `shapeMismatch` for a wrong number of inputs.
    @discardableResult
    public mutating func addNode(
        _ name: String, _ op: any Operator, inputs: [ValueID], location: SourceLocation? = nil
    ) throws -> ValueID {
        let valueNames = try locatingErrors(path: name, at: location) {
            try op.checkInputCount(inputs.count)
            guard inputs.allSatisfy(values.indices.contains) else {
                throw TesseraError(.notFound, "expected inputs among \(values.count) values, found \(inputs)")
            }
            _ = try op.roles(count: inputs.count)
            let valueNames = op.outputNames.enumerated().map { $0 == 0 ? name : "\(name).\($1)" }
            try claim(valueNames)
            return valueNames
        }
        let first = values.count
        for (index, valueName) in valueNames.enumerated() {
            values.append(Value(name: valueName, producer: nodes.count, output: index))
        }
        nodes.append(
            Node(name: name, op: op, inputs: inputs, outputs: Array(first..<values.count), location: location))
        return first
    }

    public mutating func addOutput(_ name: String, _ value: ValueID) throws {
        guard !outputNames.contains(name) else {
            throw TesseraError(.invalidArgument, "output '\(name)' is declared twice")
        }
        guard values.indices.contains(value) else {
            throw TesseraError(.notFound, "expected an output among \(values.count) values, found \(value)")
        }
        outputs.append(Output(name: name, value: value))
        outputNames.insert(name)
    }

    /// The same layers with other outputs, named as the values are.
    ///
    /// - Throws: `notFound` if there is no such value, `invalidArgument` for one that is listed twice.
    public func replacingOutputs(_ values: [ValueID]) throws -> Graph {
        var graph = self
        (graph.outputs, graph.outputNames) = ([], [])
        for value in values {
            let name = self.values.indices.contains(value) ? self.values[value].name : ""
            try graph.addOutput(name, value)
        }
        return graph
    }

    /// Keeps the name of a layer of `kind` that was merged into the one that makes `value`.
    ///
    /// - Throws: `invalidArgument` if the name is taken, `notFound` if there is no such value.
    public mutating func addAlias(_ name: String, kind: String, of value: ValueID) throws {
        guard values.indices.contains(value) else {
            throw TesseraError(.notFound, "expected '\(name)' to be among \(values.count) values, found \(value)")
        }
        try claim([name])
        aliases.append(Alias(name: name, kind: kind, value: value))
    }

    /// The value of that name: an input, a layer, `LAYER.output`, or that of a layer into which one of that name was merged.
    public func value(named name: String) throws -> ValueID {
        guard
            let id = values.firstIndex(where: { $0.name == name }) ?? firstOutput(named: name)
                ?? aliases.first(where: { $0.name == name })?.value
        else {
            let names = values.map(\.name) + aliases.map(\.name)
            throw TesseraError(.notFound, "unknown layer or input '\(name)'" + suggestion(for: name, among: names))
        }
        return id
    }

    /// The first output of a layer by its full name, `LAYER.output`.
    private func firstOutput(named name: String) -> ValueID? {
        nodes.first { "\($0.name).\($0.op.outputNames[0])" == name }?.outputs[0]
    }

    /// The nodes that read each value, by value.
    public var consumers: [[NodeID]] {
        var result = [[NodeID]](repeating: [], count: values.count)
        for (id, node) in nodes.enumerated() {
            for input in Set(node.inputs) { result[input].append(id) }
        }
        return result
    }

    /// By value, the one node that reads it; nil if there are several, or none, or if the value is an output.
    public var soleReaders: [NodeID?] {
        let results = Set(outputs.map(\.value))
        return consumers.enumerated().map { $1.count == 1 && !results.contains($0) ? $1[0] : nil }
    }

    /// Takes all names, or none.
    private mutating func claim(_ names: [String]) throws {
        for name in names where self.names.contains(name) {
            throw TesseraError(.invalidArgument, "the name '\(name)' is used twice")
        }
        self.names.formUnion(names)
    }
}
