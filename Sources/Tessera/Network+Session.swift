import TesseraCore
import TesseraNetwork
import TesseraRuntime

extension Network {
    /// The network ready to run on inputs of the given shapes.
    ///
    /// - Parameter inputs: the shape of every input whose declared shape leaves sizes open.
    /// - Throws: what `bound` throws, and what compiling throws.
    public func session(
        inputs: [String: Shape] = [:], backend: any KernelBackend, options: CompileOptions = CompileOptions()
    ) throws -> StagedSession {
        let binder = try binder(inputs: inputs)
        return binder.unknown.isEmpty
            ? try StagedSession(binder.bound(), backend: backend, options: options)
            : StagedSession(graph, parameter: weight, backend: backend, options: options)
    }
}
