import COneDNN
import TesseraCore
import TesseraOperators

/// Lowers one layer. Every method first chooses its primitive, which may throw `notSupported`, and only then adds steps.
struct LayerLowering {
    let node: Graph.Node
    let parameters: [String: Tensor]
    let builder: ProgramBuilder

    var input: Graph.ValueID { node.inputs[0] }
    var output: Graph.ValueID { node.outputs[0] }

    func shape(_ value: Graph.ValueID) -> [Int] { builder.graph.shapes[value].dimensions }

    func parameter(_ name: String) throws -> Tensor {
        guard let tensor = parameters[name] else {
            throw TesseraError(.notFound, "'\(node.op.name)' misses its \(name)")
        }
        return tensor
    }

    /// A parameter of one axis, as a constant.
    func vector(_ name: String) throws -> ProgramBuilder.Argument {
        let tensor = try parameter(name)
        let layout = try Layout.plain(tensor.shape.dimensions)
        return try builder.constant(tensor, as: layout, in: layout)
    }

    /// As a product and a sum: oneDNN's own batch normalization rounds differently in different layouts, and a tile that begins
    /// here has another layout than the whole. A single product or sum is rounded the same everywhere.
    func lower(_ op: BatchNorm) throws {
        let source = try builder.operand(input)
        let (scale, shift) = try op.scaleAndShift(parameters)
        let shape = Shape([1, scale.count] + self.shape(input).dropFirst(2).map { _ in 1 })
        // oneDNN is quick only if both operands have the same kind of layout; but a single channel it takes from a block
        // together with the zeros that fill the block up.
        let plain = try Layout.plain(shape.dimensions)
        let channels = scale.count == 1 ? plain : try source.layout.like(shape.dimensions)
        func primitive(_ kind: dnnl_alg_kind_t) throws -> PrimitiveDescriptor {
            try PrimitiveDescriptor("batch normalization") {
                onednn_binary(&$0, $1, kind, source.layout.handle, channels.handle, source.layout.handle)
            }
        }
        let (product, sum) = (try primitive(dnnl_binary_mul), try primitive(dnnl_binary_add))
        let target = builder.result(over: source)
        for (descriptor, data, values) in [(product, source, scale), (sum, target, shift)] {
            let operand = try builder.constant(
                Tensor(values.map { Float($0) }, shape: shape), as: plain, in: channels)
            try builder.execute(
                descriptor,
                [(DNNL_ARG_SRC_0, .operand(data)), (DNNL_ARG_SRC_1, operand), (DNNL_ARG_DST, .operand(target))])
        }
        finish(target, product)
    }

    func lowerRelu(slope: Float) throws {
        let source = try builder.operand(input)
        let descriptor = try PrimitiveDescriptor("an activation") {
            onednn_eltwise(&$0, $1, dnnl_eltwise_relu, source.layout.handle, slope)
        }
        let target = builder.result(over: source)
        try builder.execute(descriptor, [(DNNL_ARG_SRC, .operand(source)), (DNNL_ARG_DST, .operand(target))])
        finish(target, descriptor)
    }

    func lowerBinary(_ kind: dnnl_alg_kind_t, isCommutative: Bool) throws {
        var (first, second) = (node.inputs[0], node.inputs[1])
        // oneDNN repeats axes of the second operand only.
        if shape(first) != shape(output), isCommutative { swap(&first, &second) }
        guard shape(first) == shape(output) else {
            throw TesseraError(.notSupported, "the first operand cannot be repeated")
        }
        let a = try builder.operand(first)
        // Operands that are repeated lie plainly: within a block, oneDNN would repeat the zeros that fill it up.
        let layout = shape(second) == shape(first) ? a.layout : try Layout.plain(shape(second))
        let target = try a.layout.like(shape(output))
        let descriptor = try PrimitiveDescriptor("an element-wise operation") {
            onednn_binary(&$0, $1, kind, a.layout.handle, layout.handle, target.handle)
        }
        let b = try builder.operand(second, in: layout)
        let result = builder.allocate(target)
        try builder.execute(
            descriptor,
            [(DNNL_ARG_SRC_0, .operand(a)), (DNNL_ARG_SRC_1, .operand(b)), (DNNL_ARG_DST, .operand(result))])
        finish(result, descriptor)
    }

    /// Records the result and the implementation that makes it.
    func finish(_ result: ProgramBuilder.Operand, _ descriptor: PrimitiveDescriptor) {
        builder.define(output, as: result)
        builder.describe(node, descriptor.implementation)
    }
}
