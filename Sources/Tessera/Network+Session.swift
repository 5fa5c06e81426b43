import TesseraCore
import TesseraNetwork
import TesseraRuntime

extension Network {
    /// The network ready to run on inputs of the given shapes.
    ///
    /// - Parameter inputs: the shape of every input whose declared shape leaves sizes open.
    /// - Throws: `shapeMismatch`, with the layer, if something does not fit; `notFound` for a missing weight.
    public func session(
        inputs: [String: Shape] = [:], backend: any KernelBackend, options: CompileOptions = CompileOptions()
    ) throws -> StagedSession {
        try StagedSession(graph, inputs: inputs, parameter: weight, backend: backend, options: options)
    }
}
