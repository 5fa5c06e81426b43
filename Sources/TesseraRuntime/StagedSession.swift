import TesseraCore

/// A network whose shapes may depend on values that are only known when it runs: it is bound, compiled and run as far as its
/// shapes are known, then the rest with what came out.
///
/// One whose shapes follow from those of its inputs is compiled once, when the session is made.
public struct StagedSession: Sendable {
    public typealias ParameterSource = @Sendable (Graph.Node, ParameterSpecification) throws -> Tensor?

    private let graph: Graph
    private let parameter: ParameterSource
    private let backend: any KernelBackend
    private let options: CompileOptions
    /// The whole network, if it could be compiled beforehand.
    public let whole: Session?

    /// A network whose shapes are all known.
    public init(_ graph: BoundGraph, backend: any KernelBackend, options: CompileOptions = CompileOptions()) throws {
        self.graph = graph.graph
        parameter = { _, _ in nil }
        (self.backend, self.options) = (backend, options)
        whole = try Session(graph, backend: backend, options: options)
    }

    /// A network that is bound when it runs.
    ///
    /// - Parameter parameter: gives the weight that a layer wants.
    public init(
        _ graph: Graph, parameter: @escaping ParameterSource, backend: any KernelBackend,
        options: CompileOptions = CompileOptions()
    ) {
        (self.graph, self.parameter, self.backend, self.options) = (graph, parameter, backend, options)
        whole = nil
    }

    /// Runs one inference.
    ///
    /// - Parameter inputs: a tensor for every input of the graph.
    /// - Returns: the outputs by name.
    /// - Throws: `shapeMismatch` or `notFound` for inputs that do not fit, `CancellationError`.
    public func run(_ inputs: [String: Tensor], isCancelled: () -> Bool = { false }) throws -> [String: Tensor] {
        if let whole { return try whole.run(inputs, isCancelled: isCancelled) }
        var (graph, tensors) = (graph, inputs)
        var known: Set<String> = []
        var results: [String: Tensor] = [:]
        while true {
            let binder = try GraphBinder(
                graph, inputs: tensors.mapValues(\.shape), known: tensors.filter { known.contains($0.key) },
                parameter: parameter)
            if binder.unknown.isEmpty {
                let session = try Session(binder.bound(), backend: backend, options: options)
                return results.merging(try session.run(tensors, isCancelled: isCancelled)) { $1 }
            }
            let wanted = Set(binder.unknown.filter { graph.values[$0].producer == nil }.map { graph.values[$0].name })
            if !wanted.isSubset(of: known) {
                known.formUnion(wanted)
                continue
            }
            let parts = try binder.parts()
            let made = try Session(parts.head, backend: backend, options: options)
                .run(tensors, isCancelled: isCancelled)
            for (output, value) in parts.outputs { results[output] = made[value] }
            let inputs = Set(parts.tail.inputs.map(\.name))
            (graph, tensors, known) = (parts.tail, made.filter { inputs.contains($0.key) }, parts.known)
        }
    }
}
