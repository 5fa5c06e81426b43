import TesseraCore
import TesseraRuntime

/// A graph of one layer, bound, where the elements of some inputs are known beforehand.
public func boundLayer(_ op: any Operator, _ inputs: [Tensor], known: Set<Int> = []) throws -> BoundGraph {
    var graph = Graph()
    let values = try inputs.enumerated().map { index, tensor in
        try graph.addInput("x\(index)", shape: SymbolicShape(tensor.shape), elementType: tensor.elementType)
    }
    let first = try graph.addNode("layer", op, inputs: values)
    for output in op.outputNames.indices { try graph.addOutput(op.outputNames[output], first + output) }
    let tensors = Dictionary(uniqueKeysWithValues: known.map { ("x\($0)", inputs[$0]) })
    return try BoundGraph(graph, inputs: [:], known: tensors) { _, _ in nil }
}

/// What a layer makes of its inputs, by its reference.
public func runLayer(_ op: any Operator, _ inputs: [Tensor], known: Set<Int> = []) throws -> [Tensor] {
    let graph = try boundLayer(op, inputs, known: known)
    return try ReferenceBackend().compile(graph, options: CompileOptions(threads: 1)).run(inputs)
}

extension Tensor {
    /// Integers in a shape; a list if none is given.
    public static func integers(_ values: [Int64], shape: Shape? = nil, _ type: ElementType = .i64) throws -> Tensor {
        try Tensor(integers: values, shape: shape ?? [values.count], elementType: type)
    }

    /// Numbers in a shape; a list if none is given.
    public static func reals(_ values: [Double], shape: Shape? = nil, _ type: ElementType = .f32) throws -> Tensor {
        try Tensor(reals: values, shape: shape ?? [values.count], elementType: type)
    }
}
