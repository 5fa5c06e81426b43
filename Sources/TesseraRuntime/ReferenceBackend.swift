import TesseraCore

/// Runs every operator's own readable forward. Slow, portable, and what the other backends are compared with.
public struct ReferenceBackend: KernelBackend {
    public let name = "reference"
    public let instructionSet = "portable"

    public init() {}

    public func compile(_ graph: BoundGraph, options: CompileOptions) throws -> any CompiledNetwork {
        ReferenceNetwork(graph: graph)
    }
}

private struct ReferenceNetwork: CompiledNetwork {
    let graph: BoundGraph

    var kernels: [KernelDescription] {
        graph.graph.nodes.map { KernelDescription(layer: $0.name, implementation: "reference:\($0.op.name)") }
    }
    var activationByteCount: Int { graph.shapes.indices.reduce(0) { $0 + graph.byteCount(of: $1) } }

    func run(_ inputs: [Tensor], isCancelled: () -> Bool) throws -> [Tensor] {
        var values: [Graph.ValueID: Tensor] = [:]
        for (input, tensor) in zip(graph.graph.inputs, inputs) { values[input.value] = tensor }
        for (node, parameters) in zip(graph.graph.nodes, graph.parameters) {
            if isCancelled() { throw CancellationError() }
            try locatingErrors(path: node.name, at: node.location) {
                let outputs = try node.op.forward(node.inputs.map { try require(values[$0]) }, parameters: parameters)
                for (value, tensor) in zip(node.outputs, outputs) { values[value] = tensor }
            }
        }
        return try graph.graph.outputs.map { try require(values[$0.value]) }
    }

    private func require(_ tensor: Tensor?) throws -> Tensor {
        guard let tensor else { throw TesseraError(.backendFailure, "a layer was run before its input") }
        return tensor
    }
}
