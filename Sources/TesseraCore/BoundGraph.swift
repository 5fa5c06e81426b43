/// A graph whose sizes are all known and whose weights, if it is to run, are at hand: what is planned, compiled and run.
public struct BoundGraph: Sendable {
    public let graph: Graph
    /// The shape of every value, by its identifier.
    public let shapes: [Shape]
    /// The weights of every node, by its identifier.
    public let parameters: [[String: Tensor]]

    /// Infers all shapes from those of the inputs, and takes each layer's weights from `parameter`.
    ///
    /// - Parameters:
    ///   - inputs: the shape of every graph input by name.
    ///   - parameter: gives the weight that a node wants, nil for one that is left out: a graph without weights can be
    ///     planned, but not run.
    /// - Throws: `shapeMismatch` with the layer's path if anything does not fit, and what `parameter` throws.
    public init(
        _ graph: Graph, inputs: [String: Shape],
        parameter: (Graph.Node, ParameterSpecification) throws -> Tensor?
    ) throws {
        let shapes = try Self.inferShapes(of: graph, inputs: inputs)
        let parameters = try graph.nodes.map { node in
            try locatingErrors(path: node.name, at: node.location) {
                var tensors: [String: Tensor] = [:]
                for specification in try node.op.parameters(for: node.inputs.map { shapes[$0] }) {
                    guard let tensor = try parameter(node, specification) else { continue }
                    guard tensor.shape == specification.shape else {
                        throw TesseraError(
                            .shapeMismatch,
                            "expected \(node.name).\(specification.name) of shape \(specification.shape), found \(tensor.shape)"
                        )
                    }
                    tensors[specification.name] = tensor
                }
                return tensors
            }
        }
        self.graph = graph
        self.shapes = shapes
        self.parameters = parameters
    }

    /// The shape of every value, by its identifier.
    public static func inferShapes(of graph: Graph, inputs: [String: Shape]) throws -> [Shape] {
        var shapes = [Shape](repeating: [], count: graph.values.count)
        var bindings: [String: Int] = [:]
        for name in inputs.keys where !graph.inputs.contains(where: { $0.name == name }) {
            throw TesseraError(
                .notFound, "the network has no input '\(name)'" + suggestion(for: name, among: graph.inputs.map(\.name))
            )
        }
        for input in graph.inputs {
            guard let shape = inputs[input.name] ?? input.shape.concrete else {
                throw TesseraError(.invalidArgument, "input '\(input.name)' of shape \(input.shape) is missing")
            }
            try locatingErrors(path: "input '\(input.name)'") {
                try input.shape.bind(shape, into: &bindings)
                try requireModestSize(shape)
            }
            shapes[input.value] = shape
        }
        for node in graph.nodes {
            try locatingErrors(path: node.name, at: node.location) {
                let outputs = try node.op.outputShapes(for: node.inputs.map { shapes[$0] })
                for (value, shape) in zip(node.outputs, outputs) {
                    guard shape.dimensions.allSatisfy({ $0 > 0 }) else {
                        throw TesseraError(
                            .shapeMismatch,
                            "inputs of \(node.inputs.map { shapes[$0].description }.joined(separator: ", ")) leave nothing: the output would be \(shape)"
                        )
                    }
                    try requireModestSize(shape)
                    shapes[value] = shape
                }
            }
        }
        return shapes
    }

    /// Keeps what layers compute with sizes far from overflow.
    private static func requireModestSize(_ shape: Shape) throws {
        guard shape.elementCount < 1 << 42 else { throw TesseraError(.outOfMemory, "a value of \(shape) is too large") }
    }

    /// The shape of every input of the graph, by name.
    public var inputShapes: [String: Shape] {
        Dictionary(uniqueKeysWithValues: graph.inputs.map { ($0.name, shapes[$0.value]) })
    }

    /// Tensors given by name in the order that the graph declares its inputs.
    ///
    /// - Throws: `notFound` for an input that is missing or that the graph does not have, `shapeMismatch` for one of another
    ///   shape or another type than f32.
    public func ordered(_ tensors: [String: Tensor]) throws -> [Tensor] {
        for name in tensors.keys where !graph.inputs.contains(where: { $0.name == name }) {
            throw TesseraError(
                .notFound, "the network has no input '\(name)'" + suggestion(for: name, among: graph.inputs.map(\.name))
            )
        }
        return try graph.inputs.map { input in
            let shape = shapes[input.value]
            guard let tensor = tensors[input.name] else {
                throw TesseraError(.notFound, "input '\(input.name)' of shape \(shape) is missing")
            }
            guard tensor.shape == shape, tensor.elementType == .f32 else {
                throw TesseraError(
                    .shapeMismatch,
                    "input '\(input.name)' expects \(shape) f32, found \(tensor.shape) \(tensor.elementType)")
            }
            return tensor
        }
    }

    /// The shapes of what a layer reads, in order.
    public func inputShapes(of node: Graph.Node) -> [Shape] { node.inputs.map { shapes[$0] } }
    /// The shapes of what a layer makes, in order.
    public func outputShapes(of node: Graph.Node) -> [Shape] { node.outputs.map { shapes[$0] } }

    /// Multiply-accumulate operations of one inference, by node.
    public var multiplyAccumulates: [Int] {
        graph.nodes.map { $0.op.multiplyAccumulates(inputs: inputShapes(of: $0), outputs: outputShapes(of: $0)) }
    }
}
