import COneDNN
import TesseraCore
import TesseraOperators

/// One of oneDNN's functions of a single number, with its coefficients.
struct ElementFunction: Equatable {
    var kind: dnnl_alg_kind_t
    var alpha: Float = 0
    var beta: Float = 0
    /// Whether 0 remains 0.
    var keepsZero = true
}

extension ElementFunction {
    /// Whether kernels that compute it on their results round as the function by itself does. For SSE4.1, oneDNN computes some
    /// functions in another order within other kernels.
    var isSameWithinKernels: Bool {
        Engine.hasAVX2 || [dnnl_eltwise_relu, dnnl_eltwise_clip_v2, dnnl_eltwise_abs].contains(kind)
    }

    /// The functions that, one after the other, compute an operator; nil if there are none.
    ///
    /// What is not a number remains that but where oneDNN brings it to a bound: relu and clip. A network's inputs are checked,
    /// and so are its weights. Its exponential function would make infinity of it, minimum and maximum drop it from one of their
    /// operands, and its logarithm near 1 and softplus far below 0 have few correct digits, so that these are left to the
    /// reference. Exponentials less 1, as in elu, selu and mish, are right to the last digit of 1: small results have fewer.
    static func functions(of op: any Operator) -> [ElementFunction]? {
        switch op {
        case is Relu: [ElementFunction(kind: dnnl_eltwise_relu)]
        case let op as LeakyRelu: [ElementFunction(kind: dnnl_eltwise_relu, alpha: op.slope)]
        case is Relu6: [clip(0, 6)]
        case let op as Clip where (op.minimum ?? -.infinity) <= op.maximum ?? .infinity:
            [clip(op.minimum.map { Float($0) } ?? -.infinity, op.maximum.map { Float($0) } ?? .infinity)]
        case let op as Elu: [ElementFunction(kind: dnnl_eltwise_elu, alpha: Float(op.alpha))]
        case let op as Selu:
            [ElementFunction(kind: dnnl_eltwise_elu, alpha: Float(op.alpha)), linear(Float(op.gamma), 0)]
        case is Sigmoid: [ElementFunction(kind: dnnl_eltwise_logistic, keepsZero: false)]
        case let op as HardSigmoid: [linear(Float(op.alpha), Float(op.beta)), clip(0, 1)]
        case is HardSwish: [ElementFunction(kind: dnnl_eltwise_hardswish)]
        case is Tanh: [ElementFunction(kind: dnnl_eltwise_tanh)]
        case let op as Gelu:
            [ElementFunction(kind: op.approximation == .tanh ? dnnl_eltwise_gelu_tanh : dnnl_eltwise_gelu_erf)]
        // Zero remains zero, but oneDNN has no quick kernel for it over layouts that are filled up.
        case is Mish: [ElementFunction(kind: dnnl_eltwise_mish, keepsZero: false)]
        case let op as Swish: [ElementFunction(kind: dnnl_eltwise_swish, alpha: Float(op.alpha))]
        case is Absolute: [ElementFunction(kind: dnnl_eltwise_abs)]
        case is Negate: [linear(-1, 0)]
        case is Sqrt: [ElementFunction(kind: dnnl_eltwise_sqrt)]
        case is Reciprocal: [ElementFunction(kind: dnnl_eltwise_pow, alpha: 1, beta: -1, keepsZero: false)]
        case is Round: [ElementFunction(kind: dnnl_eltwise_round)]
        default: nil
        }
    }

    private static func clip(_ minimum: Float, _ maximum: Float) -> ElementFunction {
        ElementFunction(
            kind: dnnl_eltwise_clip_v2, alpha: minimum, beta: maximum, keepsZero: minimum <= 0 && maximum >= 0)
    }

    private static func linear(_ factor: Float, _ summand: Float) -> ElementFunction {
        ElementFunction(kind: dnnl_eltwise_linear, alpha: factor, beta: summand, keepsZero: summand == 0)
    }
}

/// Functions of one number, and combinations of two.
extension LayerLowering {
    func lower(_ functions: [ElementFunction]) throws {
        try requireOneRounding(functions.count)
        var source = try builder.operand(input)
        // In a blocked layout the zeros that fill up the last block must stay zeros, for which oneDNN would take other
        // kernels, which round differently.
        let isFilled = source.layout.elementCount > shape(input).reduce(1, *)
        if isFilled && !functions.allSatisfy(\.keepsZero) { source = try builder.plainOperand(input) }
        let layout = source.layout
        let descriptors = try functions.map { function in
            try PrimitiveDescriptor("a function of each element") {
                onednn_eltwise(&$0, $1, function.kind, layout.handle, function.alpha, function.beta)
            }
        }
        let target = builder.result(over: source)
        for descriptor in descriptors {
            try builder.execute(descriptor, [(DNNL_ARG_SRC, .operand(source)), (DNNL_ARG_DST, .operand(target))])
            source = target
        }
        try builder.define(output, as: target)
        builder.describe(descriptors[0].implementation)
    }

    /// - Throws: `notSupported` for several primitives that would each round what they make to 16 bits.
    private func requireOneRounding(_ primitives: Int) throws {
        guard primitives == 1 || builder.context.type == dnnl_f32 else {
            throw TesseraError(.notSupported, "several operations in numbers of 16 bits")
        }
    }

    /// Inputs beyond the second are combined with what came out, one after the other; `mean` divides by their number then.
    func lowerBinary(_ kind: dnnl_alg_kind_t, isCommutative: Bool, mean: Bool = false) throws {
        try requireOneRounding(node.inputs.count - 1)
        let rank = shape(output).count
        let shapes = node.inputs.map { [Int](repeating: 1, count: rank - shape($0).count) + shape($0) }
        // oneDNN repeats axes of the second operand only.
        var sizes = shapes[0]
        for next in shapes.dropFirst() {
            let combined = zip(sizes, next).map { $0 == 1 ? $1 : $0 }
            guard combined == sizes || (isCommutative && combined == next) else {
                throw TesseraError(.notSupported, "the first operand cannot be repeated")
            }
            sizes = combined
        }
        var result = try operand(node.inputs[0], as: shapes[0])
        for (value, next) in zip(node.inputs, shapes).dropFirst() {
            result = try combine(kind, result, operand(value, as: next))
        }
        if mean {
            let descriptor = try PrimitiveDescriptor("a mean") {
                onednn_eltwise(&$0, $1, dnnl_eltwise_linear, result.layout.handle, 1 / Float(shapes.count), 0)
            }
            try builder.execute(descriptor, [(DNNL_ARG_SRC, .operand(result)), (DNNL_ARG_DST, .operand(result))])
        }
        try builder.define(output, as: result)
        builder.describe("binary")
    }

    /// A value with axes of size 1 before its own, so that it has as many as the output.
    private func operand(_ value: Graph.ValueID, as dimensions: [Int]) throws -> ProgramBuilder.Operand {
        if shape(value) == dimensions { return try builder.operand(value) }
        var operand = try builder.plainOperand(value)
        guard !builder.isScalar(value) || builder.context.type == dnnl_f32 else {
            throw TesseraError(.notSupported, "a scalar beside numbers of 16 bits")
        }
        operand.layout = try .plain(dimensions, type: builder.context.type)
        return operand
    }

    private func combine(
        _ kind: dnnl_alg_kind_t, _ first: ProgramBuilder.Operand, _ second: ProgramBuilder.Operand
    ) throws -> ProgramBuilder.Operand {
        var (a, b) = (first, second)
        let sizes = zip(a.layout.dimensions, b.layout.dimensions).map { $0 == 1 ? $1 : $0 }
        if a.layout.dimensions != sizes { swap(&a, &b) }
        // Operands that are repeated lie plainly: within a block, oneDNN would repeat the zeros that fill it up. So do
        // quotients: zeros that fill up a block would be divided by each other.
        let isRepeated = b.layout.dimensions != sizes
        if kind == dnnl_binary_div { a = try reordered(a, to: .plain(sizes, type: a.layout.type)) }
        let layout = isRepeated ? try Layout.plain(b.layout.dimensions, type: b.layout.type) : a.layout
        b = try reordered(b, to: layout)
        let descriptor = try PrimitiveDescriptor("an element-wise operation") {
            onednn_binary(&$0, $1, kind, a.layout.handle, layout.handle, a.layout.handle)
        }
        let target = builder.allocate(a.layout)
        try builder.execute(
            descriptor,
            [(DNNL_ARG_SRC_0, .operand(a)), (DNNL_ARG_SRC_1, .operand(b)), (DNNL_ARG_DST, .operand(target))])
        return target
    }

    private func reordered(_ operand: ProgramBuilder.Operand, to layout: Layout) throws -> ProgramBuilder.Operand {
        if operand.layout == layout { return operand }
        let copy = builder.allocate(layout)
        try builder.reorder(from: operand, to: copy)
        return copy
    }

    func lower(_ op: Prelu) throws {
        let source = try builder.operand(input)
        let slopes: [Int]
        if node.inputs.count == 2 {
            let weight = shape(node.inputs[1])
            slopes = [Int](repeating: 1, count: shape(input).count - weight.count) + weight
        } else {
            let count = try parameter("weight").elementCount
            slopes = shape(input).indices.map { $0 == 1 ? count : 1 }
        }
        let layout = try Layout.plain(slopes)
        let descriptor = try PrimitiveDescriptor("an activation with slopes") {
            onednn_prelu(&$0, $1, source.layout.handle, layout.handle)
        }
        let weight: ProgramBuilder.Argument
        if node.inputs.count == 2 {
            weight = .operand(try operand(node.inputs[1], as: slopes, plainly: layout))
        } else {
            weight = try builder.constant(parameter("weight"), as: layout, in: layout)
        }
        let target = builder.allocate(source.layout)
        try builder.execute(
            descriptor,
            [(DNNL_ARG_SRC, .operand(source)), (DNNL_ARG_WEIGHTS, weight), (DNNL_ARG_DST, .operand(target))])
        try finish(target, descriptor)
    }

    private func operand(
        _ value: Graph.ValueID, as dimensions: [Int], plainly layout: Layout
    ) throws -> ProgramBuilder.Operand {
        try reordered(operand(value, as: dimensions), to: layout)
    }
}
