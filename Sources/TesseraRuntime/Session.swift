import TesseraCore

/// A network compiled for inputs of fixed shapes, and run by name.
public struct Session: Sendable {
    public let graph: BoundGraph
    private let compiled: any CompiledNetwork

    /// Compiles `graph` with `backend`.
    ///
    /// - Throws: `notSupported` for a precision that the backend does not compute in, and what compiling throws.
    public init(_ graph: BoundGraph, backend: any KernelBackend, options: CompileOptions = CompileOptions()) throws {
        try backend.check(options.precision)
        self.graph = graph
        compiled = try backend.compile(graph, options: options)
    }

    /// What runs, in order.
    public var kernels: [KernelDescription] { compiled.kernels }
    /// Bytes held for activations.
    public var activationByteCount: Int { compiled.activationByteCount }

    /// Runs one inference.
    ///
    /// - Parameters:
    ///   - inputs: a tensor for every input of the graph, of the type and shape that it was compiled for.
    ///   - isCancelled: asked between layers; true ends the run.
    /// - Returns: the outputs by name.
    /// - Throws: `shapeMismatch` or `notFound` for inputs that do not fit, `CancellationError`.
    public func run(_ inputs: [String: Tensor], isCancelled: () -> Bool = { false }) throws -> [String: Tensor] {
        let ordered = try graph.ordered(inputs)
        let outputs = try compiled.run(ordered, isCancelled: isCancelled)
        return Dictionary(uniqueKeysWithValues: zip(graph.graph.outputs.map(\.name), outputs))
    }

    /// Runs one inference into the outputs of an earlier one, which takes no memory; the first time they are empty.
    ///
    /// - Throws: as `run`; `outputs` are empty then.
    public func run(
        _ inputs: [String: Tensor], into outputs: inout [String: Tensor], isCancelled: () -> Bool = { false }
    ) throws {
        let ordered = try graph.ordered(inputs)
        let names = graph.graph.outputs.map(\.name)
        var results = names.compactMap { outputs[$0] }
        outputs = [:]
        if results.count != names.count { results = try compiled.makeOutputs() }
        try compiled.run(ordered, into: &results, isCancelled: isCancelled)
        outputs = Dictionary(uniqueKeysWithValues: zip(names, results))
    }

    /// Inferences on the same memory, one after the other.
    ///
    /// - Throws: as `run` for inputs that do not fit.
    public func request(_ inputs: [String: Tensor]) throws -> InferenceRequest {
        InferenceRequest(graph: graph, compiled: compiled, inputs: try graph.ordered(inputs))
    }

    /// Runs one inference and tells when each of its steps ran.
    ///
    /// - Throws: as `run`.
    public func profile(_ inputs: [String: Tensor]) throws -> [StepSpan] {
        try compiled.profile(graph.ordered(inputs))
    }
}
