import TesseraCore
import TesseraNetwork
import TesseraRuntime

extension Network {
    /// The network ready to run on inputs of the given shapes.
    ///
    /// - Parameters:
    ///   - inputs: the shape of every input whose declared shape leaves sizes open.
    ///   - fold: whether layers are merged first, see `folded`.
    /// - Throws: what `bound` throws, and what compiling throws.
    public func session(
        inputs: [String: Shape] = [:], backend: any KernelBackend, options: CompileOptions = CompileOptions(),
        fold: Bool = true
    ) throws -> StagedSession {
        let network = fold ? try folded() : self
        let binder = try network.binder(inputs: inputs)
        return binder.unknown.isEmpty
            ? try StagedSession(binder.bound(), backend: backend, options: options)
            : StagedSession(network.graph, parameter: network.weight, backend: backend, options: options)
    }
}
