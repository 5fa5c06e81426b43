import TesseraCore
import TesseraNetwork
import TesseraRuntime

extension Network {
    /// The network ready to run on inputs of the given shapes.
    ///
    /// - Parameters:
    ///   - inputs: the shape of every input whose declared shape leaves sizes open.
    ///   - options: precisions may name layers that are merged; they become those of the layers they are merged into.
    ///   - fold: whether layers are merged first, see `folded`.
    ///   - tune: whether kernels are measured first, see `KernelCache`. A network whose shapes depend on data is not.
    /// - Throws: `notFound` for a precision of a layer that the network does not have, what `bound` throws, and what compiling throws.
    public func session(
        inputs: [String: Shape] = [:], backend: any KernelBackend, options: CompileOptions = CompileOptions(),
        fold: Bool = true, tune: Bool = false
    ) throws -> StagedSession {
        let network = fold ? try folded() : self
        let binder = try network.binder(inputs: inputs)
        var options = options
        options.precision = try options.precision.resolved(in: network.graph)
        guard binder.unknown.isEmpty else {
            return StagedSession(network.graph, parameter: network.weight, backend: backend, options: options)
        }
        let graph = try binder.bound()
        if tune { options.kernels = try KernelCache.standard.kernels(for: graph, backend: backend, options: options) }
        return try StagedSession(graph, backend: backend, options: options)
    }
}
