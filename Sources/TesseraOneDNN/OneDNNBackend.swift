import COneDNN
import TesseraCore
import TesseraOperators
import TesseraRuntime

/// Kernels of oneDNN. What it has no primitive for runs the operator's reference forward.
public struct OneDNNBackend: KernelBackend {
    public let name = "onednn"
    public var instructionSet: String { Engine.instructionSet }

    public init() {}

    public func compile(_ graph: BoundGraph, options: CompileOptions) throws -> any CompiledNetwork {
        // Primitives choose their blocking for the number of threads at creation.
        omp_set_num_threads(Int32(options.threads))
        let builder = try ProgramBuilder(graph, threads: options.threads)
        for (index, input) in graph.graph.inputs.enumerated() { try builder.input(index, value: input.value) }
        for (node, parameters) in zip(graph.graph.nodes, graph.parameters) {
            builder.layer = node.name
            try locatingErrors(path: node.name, at: node.location) {
                try lower(node, parameters: parameters, into: builder)
            }
            builder.finish(node)
        }
        for (index, output) in graph.graph.outputs.enumerated() { try builder.output(index, value: output.value) }
        return try Program(builder)
    }

    private func lower(_ node: Graph.Node, parameters: [String: Tensor], into builder: ProgramBuilder) throws {
        // The builder makes them when they are read.
        if node.op is Constant { return }
        // Scalars that are repeated get axes.
        let inputs = node.op is any Broadcasting ? node.inputs.filter { !builder.isScalar($0) } : node.inputs
        guard (inputs + node.outputs).allSatisfy(builder.isComputable), parameters.values.allSatisfy(\.isF32) else {
            return try builder.reference(node, parameters: parameters)
        }
        let layer = LayerLowering(node: node, parameters: parameters, builder: builder)
        do {
            switch node.op {
            case let op as Conv: try layer.lower(op)
            case let op as ConvTranspose: try layer.lower(op)
            case let op as any Pooling: try layer.lower(op)
            case let op as any GlobalPooling: try layer.lower(op)
            case let op as BatchNorm: try layer.lower(op)
            case let op as Prelu: try layer.lower(op)
            case is Add: try layer.lowerBinary(dnnl_binary_add, isCommutative: true)
            case is Average: try layer.lowerBinary(dnnl_binary_add, isCommutative: true, mean: true)
            case let op as LayerNorm: try layer.lower(op)
            case let op as InstanceNorm: try layer.lower(op)
            case let op as GroupNorm: try layer.lower(op)
            case let op as LocalResponseNorm: try layer.lower(op)
            case is Subtract: try layer.lowerBinary(dnnl_binary_sub, isCommutative: false)
            case is Multiply: try layer.lowerBinary(dnnl_binary_mul, isCommutative: true)
            case is Divide: try layer.lowerBinary(dnnl_binary_div, isCommutative: false)
            case let op as Split: try layer.lower(op)
            case let op as Transpose: try layer.lower(op)
            case let op as DepthToSpace: try layer.lower(op)
            case let op as SpaceToDepth: try layer.lower(op)
            case let op as Linear: try layer.lower(op)
            case let op as Matmul: try layer.lower(op)
            case let op as any Recurrent: try layer.lower(op)
            case let op as Concat: try layer.lower(op)
            case let op as Pad: try layer.lower(op)
            case let op as Slice: try layer.lower(op)
            case is Flatten, is Reshape, is Squeeze, is Unsqueeze: try layer.lowerReshape()
            case let op as any AlongAxis: try layer.lower(op)
            default:
                guard let functions = ElementFunction.functions(of: node.op) else {
                    return try builder.reference(node, parameters: parameters)
                }
                try layer.lower(functions)
            }
        } catch let error as TesseraError where error.code == .notSupported {
            try builder.reference(node, parameters: parameters)
        }
    }
}

extension Tensor {
    fileprivate var isF32: Bool { elementType == .f32 }
}
