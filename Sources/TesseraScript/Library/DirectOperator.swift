import Tessera

/// An operator by itself: a network of one layer.
struct DirectOperator {
    private let op: any Operator

    init(_ op: any Operator) { self.op = op }

    /// Whether a graph has so few numbers and multiplications that it takes no time to speak of, whatever computes it: with windows as
    /// large as its map, which count for nothing, a pool reads the square of the numbers.
    private static func isQuick(_ graph: BoundGraph) -> Bool {
        let macs = graph.multiplyAccumulates.reduce(0, Shape.saturatingSum)
        let numbers = graph.shapes.reduce(0) { Shape.saturatingSum($0, $1.elementCount) }
        return macs <= 1 << 22 && numbers <= 1 << 12
    }

    /// The operator's outputs.
    ///
    /// - Parameter weights: its parameters, by their names.
    /// - Throws: `limitExceeded` for outputs that are larger than the script may hold, `notFound` for a parameter that it has not, and what is wrong with shapes.
    func run(
        _ inputs: [Tensor], weights: [String: Tensor], backend: any KernelBackend, threads: Int = 1,
        limits: ScriptLimits
    ) throws -> [Tensor] {
        var graph = Graph()
        var values: [Graph.ValueID] = []
        for (index, input) in inputs.enumerated() {
            values.append(
                try graph.addInput("x\(index + 1)", shape: SymbolicShape(input.shape), elementType: input.elementType))
        }
        let first = try graph.addNode(op.name, op, inputs: values)
        for output in graph.values.indices.dropFirst(first) { try graph.addOutput(graph.values[output].name, output) }
        let named = Dictionary(uniqueKeysWithValues: weights.map { ("\(op.name).\($0.key)", $0.value) })
        let network = Network(name: op.name, graph: graph, inputs: [:], weights: .tensors(named))
        let bound = try network.bound()
        let known = bound.parameters.first.map { Array($0.keys) } ?? []
        if let unknown = weights.keys.sorted().first(where: { !known.contains($0) }) {
            throw TesseraError(
                .notFound, "\(op.name) has no parameter '\(unknown)'" + suggestion(for: unknown, among: known))
        }
        // A layer that changes nothing is none of the bound graph's, whose values are others.
        for output in bound.graph.outputs {
            try limits.check(bytes: bound.byteCount(of: output.value), for: "the result of '\(op.name)'")
        }
        let tensors = Dictionary(uniqueKeysWithValues: inputs.enumerated().map { ("x\($0.offset + 1)", $0.element) })
        let run: @Sendable () throws -> [String: Tensor] = {
            try Session(bound, backend: backend, options: CompileOptions(threads: threads)).run(tensors)
        }
        // Nothing stops a kernel, so one that may take long runs on another thread, which the script waits for as long as it may.
        let results = Self.isQuick(bound) ? try run() : try compute(atMost: limits.seconds, run)
        return graph.outputs.compactMap { results[$0.name] }
    }
}
