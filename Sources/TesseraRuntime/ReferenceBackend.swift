import Foundation
import TesseraCore

/// Runs every operator's own readable forward. Slow, portable, and what the other backends are compared with, in every
/// precision: it rounds as `Precision` says, with arithmetic of binary64 and binary32 in between.
public struct ReferenceBackend: KernelBackend {
    public let name = "reference"
    public let instructionSet = "portable"
    public let precisions = Set(Precision.allCases)

    public init() {}

    public func compile(_ graph: BoundGraph, options: CompileOptions) throws -> any CompiledNetwork {
        for node in graph.graph.nodes {
            try locatingErrors(path: node.name, at: node.location) {
                for output in node.outputs { try Self.requireMemory(for: graph.shapes[output]) }
            }
        }
        let parameters = try zip(graph.graph.nodes, graph.parameters).map { node, parameters in
            try parameters.mapValues { try $0.rounded(to: options.precision.ofComputation(in: node)) }
        }
        return ReferenceNetwork(graph: graph, parameters: parameters, precision: options.precision)
    }

    /// Operators add up in arrays of binary64, whose allocation ends the process if it fails.
    ///
    /// - Throws: `outOfMemory` if the machine has not that much.
    public static func requireMemory(for shape: Shape) throws {
        guard shape.elementCount < ProcessInfo.processInfo.physicalMemory / 8 else {
            throw TesseraError(.outOfMemory, "a value of \(shape) does not fit in memory")
        }
    }
}

private struct ReferenceNetwork: CompiledNetwork {
    let graph: BoundGraph
    /// The weights of every node, in its precision.
    let parameters: [[String: Tensor]]
    let precision: PrecisionChoice

    var kernels: [KernelDescription] {
        graph.graph.nodes.map { KernelDescription(layer: $0.name, implementation: "reference:\($0.op.name)") }
    }
    var activationByteCount: Int { graph.shapes.indices.reduce(0) { $0 + graph.byteCount(of: $1) } }

    func makeOutputs() throws -> [Tensor] {
        try graph.graph.outputs.map {
            try Tensor(zeros: graph.shapes[$0.value], elementType: graph.elementTypes[$0.value])
        }
    }

    func run(_ inputs: [Tensor], into outputs: inout [Tensor], isCancelled: () -> Bool) throws {
        outputs = try run(inputs, isCancelled: isCancelled) { _, _ in }
    }

    func profile(_ inputs: [Tensor]) throws -> [StepSpan] {
        var spans: [StepSpan] = []
        let start = ContinuousClock.now
        var last = start
        _ = try run(inputs, isCancelled: { false }) { node, now in
            spans.append(
                StepSpan(
                    layer: node.name, kind: .kernel, implementation: "reference:\(node.op.name)", start: last - start,
                    duration: now - last))
            last = now
        }
        return spans
    }

    private func run(
        _ inputs: [Tensor], isCancelled: () -> Bool, didRun: (Graph.Node, ContinuousClock.Instant) -> Void
    ) throws -> [Tensor] {
        var values: [Graph.ValueID: Tensor] = [:]
        for (input, tensor) in zip(graph.graph.inputs, inputs) { values[input.value] = tensor }
        for (node, parameters) in zip(graph.graph.nodes, parameters) {
            if isCancelled() { throw CancellationError() }
            try Deadline.check()
            let precision = precision.ofComputation(in: node)
            try locatingErrors(path: node.name, at: node.location) {
                let inputs = try node.inputs.map { try require(values[$0]).rounded(to: precision) }
                let outputs = try node.op.forward(inputs, parameters: parameters)
                for (value, tensor) in zip(node.outputs, outputs) { values[value] = try tensor.rounded(to: precision) }
            }
            didRun(node, .now)
        }
        return try graph.graph.outputs.map { try require(values[$0.value]) }
    }

    private func require(_ tensor: Tensor?) throws -> Tensor {
        guard let tensor else { throw TesseraError(.backendFailure, "a layer was run before its input") }
        return tensor
    }
}

extension PrecisionChoice {
    /// A constant computes nothing: who reads it rounds it.
    fileprivate func ofComputation(in node: Graph.Node) -> Precision { node.op is Constant ? .f32 : self[node.name] }
}
