/// A graph whose sizes are all known and whose weights, if it is to run, are at hand: what is planned, compiled and run.
public struct BoundGraph: Sendable {
    public let graph: Graph
    /// The shape of every value, by its identifier.
    public let shapes: [Shape]
    /// The weights of every node, by its identifier.
    public let parameters: [[String: Tensor]]

    /// The type of every value's elements, by its identifier.
    public let elementTypes: [ElementType]

    init(graph: Graph, shapes: [Shape], elementTypes: [ElementType], parameters: [[String: Tensor]]) {
        (self.graph, self.shapes, self.elementTypes, self.parameters) = (graph, shapes, elementTypes, parameters)
    }

    /// Infers all shapes from those of the inputs, takes each layer's weights from `parameter`, and computes what follows from
    /// constants and shapes alone, so that the graph is a new one.
    ///
    /// - Parameters:
    ///   - inputs: the shape of every graph input by name.
    ///   - known: the value of graph inputs that are known and never change.
    ///   - parameter: gives the weight that a node wants, nil for one that is left out: a graph without weights can be
    ///     planned, but not run.
    /// - Throws: `shapeMismatch` with the layer's path if anything does not fit, `notSupported` if shapes depend on values that
    ///   are not known, and what `parameter` throws.
    public init(
        _ graph: Graph, inputs: [String: Shape], known: [String: Tensor] = [:],
        parameter: (Graph.Node, ParameterSpecification) throws -> Tensor?
    ) throws {
        self = try withoutActuallyEscaping(parameter) {
            try GraphBinder(graph, inputs: inputs, known: known, parameter: $0).bound()
        }
    }

    /// The shape of every input of the graph, by name.
    public var inputShapes: [String: Shape] {
        Dictionary(uniqueKeysWithValues: graph.inputs.map { ($0.name, shapes[$0.value]) })
    }

    /// Tensors given by name in the order that the graph declares its inputs.
    ///
    /// - Throws: `notFound` for an input that is missing or that the graph does not have, `shapeMismatch` for one of another
    ///   shape or type.
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
            guard tensor.shape == shape, tensor.elementType == input.elementType else {
                throw TesseraError(
                    .shapeMismatch,
                    "input '\(input.name)' expects \(shape) \(input.elementType), found \(tensor.shape) \(tensor.elementType)"
                )
            }
            return tensor
        }
    }

    /// The shapes of what a layer reads, in order.
    public func inputShapes(of node: Graph.Node) -> [Shape] { node.inputs.map { shapes[$0] } }
    /// The bytes that a value takes.
    public func byteCount(of value: Graph.ValueID) -> Int {
        Shape.saturatingProduct(shapes[value].elementCount, elementTypes[value].byteCount)
    }
    /// The shapes of what a layer makes, in order.
    public func outputShapes(of node: Graph.Node) -> [Shape] { node.outputs.map { shapes[$0] } }

    /// The elements of all weights together, by node.
    public var parameterCounts: [Int] {
        graph.nodes.map { node in
            let parameters = (try? node.op.parameters(for: inputShapes(of: node))) ?? []
            return parameters.map(\.shape.elementCount).reduce(0, Shape.saturatingSum)
        }
    }

    /// Multiply-accumulate operations of one inference, by node.
    public var multiplyAccumulates: [Int] {
        graph.nodes.map { $0.op.multiplyAccumulates(inputs: inputShapes(of: $0), outputs: outputShapes(of: $0)) }
    }
}
