import COneDNN
import TesseraCore
import TesseraOperators
import TesseraRuntime

/// Kernels of oneDNN. What it has no primitive for runs the operator's reference forward.
public struct OneDNNBackend: KernelBackend {
    public let name = "onednn"
    /// oneDNN's, and that of the kernels of our own.
    public var version: String { "\(Engine.version), own kernels 7" }
    public var instructionSet: String { Engine.instructionSet }

    public var precisions: Set<Precision> { Set(Precision.allCases) }

    public init() {}

    public func compile(_ graph: BoundGraph, options: CompileOptions) throws -> any CompiledNetwork {
        // Primitives choose their blocking for the number of threads at creation.
        omp_set_num_threads(Int32(options.threads))
        let builder = try ProgramBuilder(graph, options: options)
        for (index, input) in graph.graph.inputs.enumerated() { try builder.input(index, value: input.value) }
        for id in graph.graph.orderWithEarlySlices {
            let node = graph.graph.nodes[id]
            if builder.isMadeWhenRead(node) || builder.merged.contains(node.name) { continue }
            builder.context = .init(layer: node.name, precision: options.precision[node.name], isExact: node.op.isExact)
            try locatingErrors(path: node.name, at: node.location) {
                try lower(node, parameters: graph.parameters[id], into: builder)
            }
            builder.finish(node)
        }
        for (index, output) in graph.graph.outputs.enumerated() { try builder.output(index, value: output.value) }
        return try Program(builder)
    }

    public func tune(_ graph: BoundGraph, options: CompileOptions) throws -> [String: KernelChoice] {
        var tuner = try KernelTuner(graph, options: options)
        return try tuner.choices()
    }

    private func lower(_ node: Graph.Node, parameters: [String: Tensor], into builder: ProgramBuilder) throws {
        let precision = builder.context.precision
        if precision == .f32, try LayerLowering(node: node, parameters: parameters, builder: builder).lowerIntegers() {
            return
        }
        let stored = parameters
        let parameters = try node.op.realParameters(parameters, inputs: node.inputs.map { builder.graph.shapes[$0] })
        // Weights that are packed are rounded then.
        let isPacked = node.op is Conv || node.op is Linear
        let rounded = try Dictionary(
            uniqueKeysWithValues: parameters.map { name, tensor in
                (name, isPacked && name == "weight" ? tensor : try tensor.rounded(to: precision))
            })
        func reference() throws {
            try builder.reference(node, parameters: stored.mapValues { try $0.rounded(to: precision) })
        }
        // Scalars that are repeated get axes. In other precisions than f32 they are rounded by the reference.
        let inputs =
            node.op is any Broadcasting && precision == .f32
            ? node.inputs.filter { !builder.isScalar($0) } : node.inputs
        guard (inputs + node.outputs).allSatisfy(builder.isComputable), rounded.values.allSatisfy(\.isF32) else {
            return try reference()
        }
        if precision == .bf16, Engine.hasBF16, node.op.isNativeInBF16 {
            builder.context.isNative = true
            do {
                return try lowerToPrimitives(node, rounded, into: builder)
            } catch let error as TesseraError where error.code == .notSupported {
                builder.context.isNative = false
            }
        }
        do {
            try lowerToPrimitives(node, rounded, into: builder)
        } catch let error as TesseraError where error.code == .notSupported {
            try reference()
        }
    }

    private func lowerToPrimitives(
        _ node: Graph.Node, _ parameters: [String: Tensor], into builder: ProgramBuilder
    ) throws {
        let layer = LayerLowering(node: node, parameters: parameters, builder: builder)
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
                throw TesseraError(.notSupported, "oneDNN has no '\(node.op.name)'")
            }
            try layer.lower(functions)
        }
    }
}

extension Operator {
    /// Whether what it makes are numbers that it reads, or their opposites.
    fileprivate var isExact: Bool {
        switch self {
        case is Flatten, is Reshape, is Squeeze, is Unsqueeze, is Slice, is Split, is Concat, is Transpose,
            is DepthToSpace, is SpaceToDepth, is Relu, is MaxPool, is GlobalMaxPool, is Absolute, is Negate:
            true
        default: false
        }
    }

    /// Whether it is computed by primitives that take bfloat16.
    fileprivate var isNativeInBF16: Bool {
        switch self {
        case is Conv, is ConvTranspose, is any Pooling, is any GlobalPooling, is Add, is Subtract, is Multiply,
            is Linear, is Concat, is Slice, is Split, is Pad, is Transpose, is DepthToSpace, is SpaceToDepth,
            is Flatten, is Reshape, is Squeeze, is Unsqueeze:
            true
        default: ElementFunction.functions(of: self) != nil
        }
    }
}

extension Operator {
    /// Weights that are stored as integers as the numbers that they stand for.
    fileprivate func realParameters(_ parameters: [String: Tensor], inputs: [Shape]) throws -> [String: Tensor] {
        guard let op = self as? any IntegerWeights, op.weightBits > 0 else { return parameters }
        var (result, real) = (parameters, op)
        real.weightBits = 0
        let shape = try real.parameters(for: inputs).first { $0.name == "weight" }?.shape ?? []
        result["weight"] = try op.realWeight(parameters, shape: shape)
        result["weight_scale"] = nil
        return result
    }
}

extension Graph {
    /// An order of execution in which slices, and paddings of them, come right after what they slice, so that a sum with one can be made
    /// where its other operand is.
    fileprivate var orderWithEarlySlices: [NodeID] {
        let consumers = consumers
        let slices = Set(nodes.filter { $0.op is Slice }.flatMap(\.outputs))
        func isEarly(_ node: Node) -> Bool {
            guard node.inputs.count == 1 else { return false }
            return node.op is Slice || (node.op is Pad && slices.contains(node.inputs[0]))
        }
        var order: [NodeID] = []
        func appendEarly(of values: some Sequence<ValueID>) {
            for value in values {
                for reader in consumers[value] where isEarly(nodes[reader]) {
                    order.append(reader)
                    appendEarly(of: nodes[reader].outputs)
                }
            }
        }
        appendEarly(of: inputs.map(\.value))
        for (id, node) in nodes.enumerated() where !isEarly(node) {
            order.append(id)
            appendEarly(of: node.outputs)
        }
        return order
    }
}

extension Tensor {
    fileprivate var isF32: Bool { elementType == .f32 }
}
