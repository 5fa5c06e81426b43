import COneDNN
import TesseraCore
import TesseraOperators

/// Layers between quantization and its inverse, on the bytes themselves.
extension LayerLowering {
    /// Lowers the layer to kernels of integers, together with the quantization of what it makes.
    ///
    /// - Returns: false, and no step was added, if it has to run on numbers.
    func lowerIntegers() throws -> Bool {
        switch node.op {
        case let op as Quantize: return try lowerQuantize(op)
        case let op as Conv where op.weightBits > 0:
            return try lowerIntegers(op, op.window(over: Shape(shape(input))), groups: op.groups, hasBias: op.bias)
        case let op as Linear where op.weightBits > 0: return try lowerIntegers(op)
        case is Add: return try lowerIntegerSum()
        case is MaxPool, is GlobalMaxPool, is Flatten, is Reshape, is Squeeze, is Unsqueeze, is Slice, is Concat,
            is Pad,
            is Transpose, is DepthToSpace, is SpaceToDepth:
            return try lowerMoves()
        default: return false
        }
    }

    private func lowerQuantize(_ op: Quantize) throws -> Bool {
        guard let scale = op.wholeScale, builder.isComputable(input), builder.isBytes(output) else { return false }
        try builder.quantize(input, scale, as: output)
        return true
    }

    // MARK: Products

    private func lowerIntegers(_ op: Linear) throws -> Bool {
        let (rows, features) = (shape(input).dropLast().reduce(1, *), shape(input).last ?? 0)
        let one = SlidingWindow.Axis(kernel: 1, stride: 1, dilation: 1)
        return try lowerIntegers(
            op, SlidingWindow(axes: [one, one]), groups: 1, hasBias: op.bias, source: [1, features, 1, rows],
            target: [1, op.features, 1, rows])
    }

    /// - Parameters:
    ///   - source: the map that the layer's input is seen as, if not as what it is.
    ///   - target: the same for what it makes.
    private func lowerIntegers(
        _ op: any IntegerWeights, _ window: SlidingWindow, groups: Int, hasBias: Bool, source: [Int]? = nil,
        target: [Int]? = nil
    ) throws -> Bool {
        guard let bytes = builder.bytes(of: input), builder.isComputable(output) else { return false }
        let from = source ?? shape(input)
        let to = target ?? shape(output)
        let kernel = window.axes.map(\.kernel)
        let stored = source == nil ? [to[1], from[1] / groups] + kernel : [to[1], from[1]]
        let weight = try op.integerWeight(parameters, shape: Shape(stored))
            .reshaped(to: Shape([to[1], from[1] / groups] + kernel))
        var scale = bytes.scale
        let isShifted = !Engine.hasVNNI && scale.type == .i8
        if isShifted { (scale.type, scale.zeroPoint) = (.u8, scale.zeroPoint + 128) }
        if !Engine.hasVNNI {
            // Not the fewer bits that what made the bytes may have used, of which a tile that begins here would not know.
            let largest = QuantizationScale.range(of: scale.type, bits: 0).upperBound
            guard try IntegerConvolution.isExactInPairs(weight, largest: largest) else { return false }
        }
        let biases = hasBias ? try parameter("bias").floats() : nil
        let scales = try parameter("weight_scale").floats()
        for tail in [builder.integerTail(of: node), IntegerTail(output: output)] {
            // A sum needs the axes that the kernel sees.
            if target != nil, tail.residual != nil { continue }
            guard
                let arithmetic = IntegerArithmetic(source: scale, weightScales: scales, bias: biases, tail: tail)
            else { continue }
            let convolution = IntegerConvolution(
                window: window, source: from, target: to, weight: weight, groups: groups,
                sourceType: scale.type == .i8 ? dnnl_s8 : dnnl_u8,
                targetType: tail.scale.map { $0.type == .i8 ? dnnl_s8 : dnnl_u8 } ?? dnnl_f32)
            guard let choice = try convolution.choose(arithmetic.operations, arithmetic.scaling) else { continue }
            try convolve(
                convolution, choice, arithmetic, tail, bytes.value, zeroPoint: bytes.scale.zeroPoint,
                isShifted: isShifted, isFlat: source != nil)
            return true
        }
        return false
    }

    private func convolve(
        _ convolution: IntegerConvolution, _ choice: IntegerConvolution.Choice, _ arithmetic: IntegerArithmetic,
        _ tail: IntegerTail, _ bytes: Graph.ValueID, zeroPoint: Int, isShifted: Bool, isFlat: Bool
    ) throws {
        let weights = choice.weight.shape.dimensions
        let layout = try Layout.of(choice.descriptor, dnnl_query_weights_md, weights)
        let packed = try builder.constant(choice.weight, as: .plain(weights, type: dnnl_s8), in: layout)
        let plainBias = try Layout.plain([convolution.target[1]])
        let bias = try builder.constant(
            Tensor(arithmetic.bias, shape: [arithmetic.bias.count]), as: plainBias, in: plainBias)
        var x = try source(
            convolution, choice, bytes, zeroPoint: zeroPoint, isFlat: isFlat)
        if isShifted { x = try builder.shifted(x) }
        if isFlat { x.layout = try .map(choice.source, .nhwc, type: convolution.sourceType) }
        let target = try Layout.map(convolution.target, .nhwc, type: convolution.targetType)
        var result: ProgramBuilder.Operand
        if let residual = tail.residual {
            result = try sumOperand(residual.value, residual.bytes, in: target)
        } else {
            result = builder.allocate(target)
        }
        try builder.execute(
            choice.descriptor,
            [
                (DNNL_ARG_SRC, .operand(x)), (DNNL_ARG_WEIGHTS, packed), (DNNL_ARG_BIAS, bias),
                (DNNL_ARG_DST, .operand(result)),
            ])
        builder.merge(tail.nodes)
        if isFlat { result.layout = try .plain(shape(tail.output), type: convolution.targetType) }
        try builder.define(tail.output, as: result)
        builder.describe(choice.descriptor.implementation)
    }

    /// The map that the kernel reads.
    private func source(
        _ convolution: IntegerConvolution, _ choice: IntegerConvolution.Choice, _ bytes: Graph.ValueID, zeroPoint: Int,
        isFlat: Bool
    ) throws -> ProgramBuilder.Operand {
        if isFlat { return try builder.plainOperand(bytes) }
        let layout = try Layout.map(choice.source, .nhwc, type: builder.byteType(bytes))
        guard choice.isMaterialized else { return try builder.operand(bytes, in: layout) }
        let sizes = zip(convolution.source, choice.source).dropFirst(2)
        let amounts =
            [(before: 0, after: 0), (before: 0, after: 0)]
            + zip(convolution.window.axes, sizes).map { ($0.before, $1.1 - $1.0 - $0.before) }
        return try copyPadded(bytes, amounts, value: .repeating(byte: zeroPoint), to: layout)
    }

    /// The bytes that a kernel adds to, where its result is made: those of the residual, or a copy of them.
    private func sumOperand(
        _ value: Graph.ValueID, _ bytes: Graph.ValueID, in target: Layout
    ) throws -> ProgramBuilder.Operand {
        let own = try target.typed(builder.byteType(bytes))
        var operand = try builder.operand(bytes, in: own)
        if !builder.isLastReader(ofBytes: bytes, through: value, operand) {
            let copy = builder.allocate(own)
            try builder.reorder(from: operand, to: copy)
            operand = copy
        }
        operand.layout = target
        return operand
    }

    // MARK: Sums

    /// The sum of two values that bytes stand for.
    private func lowerIntegerSum() throws -> Bool {
        guard node.inputs.count == 2, shape(node.inputs[0]) == shape(node.inputs[1]),
            let first = builder.bytes(of: node.inputs[0]), let second = builder.bytes(of: node.inputs[1])
        else { return false }
        let tail = builder.integerTail(of: node)
        guard let scale = tail.scale, tail.residual == nil else { return false }
        let factor = 1 / Double(scale.scale)
        let (a, b) = (Double(first.scale.scale) * factor, Double(second.scale.scale) * factor)
        let offset = -(a * Double(first.scale.zeroPoint) + b * Double(second.scale.zeroPoint))
        guard let operations = tail.sumOperations(offset: Float(offset)) else { return false }
        let x = try builder.operand(first.value)
        let from = try x.layout.typed(builder.byteType(second.value))
        let to = try x.layout.typed(scale.type == .i8 ? dnnl_s8 : dnnl_u8)
        let descriptor = try? PrimitiveDescriptor("a sum of integers") {
            [attributes = try Attributes(operations, factors: (Float(a), Float(b)))] in
            onednn_binary_with(
                &$0, $1, dnnl_binary_add, x.layout.handle, from.handle, to.handle, attributes.handle)
        }
        guard let descriptor, !descriptor.isAny(of: "ref") else { return false }
        let y = try builder.operand(second.value, in: from)
        let result = builder.allocate(to)
        try builder.execute(
            descriptor,
            [(DNNL_ARG_SRC_0, .operand(x)), (DNNL_ARG_SRC_1, .operand(y)), (DNNL_ARG_DST, .operand(result))])
        builder.merge(tail.nodes)
        try builder.define(tail.output, as: result)
        builder.describe(descriptor.implementation)
        return true
    }

    // MARK: Moves

    /// Layers that only choose and move elements do the same to bytes, if what they make is quantized as what they read.
    private func lowerMoves() throws -> Bool {
        let sources = node.inputs.map { builder.bytes(of: $0) }
        guard !sources.isEmpty, node.outputs.count == 1,
            let next = builder.soleReader(of: output), let quantize = next.op as? Quantize,
            let own = quantize.wholeScale, builder.isBytes(next.outputs[0]),
            builder.options.precision[next.name] == .f32,
            sources.allSatisfy({ $0.map { $0.scale.isSameStep(as: own) && $0.scale.isWithin(own) } ?? false })
        else { return false }
        let layer = LayerLowering(
            node: node.reading(sources.compactMap { $0?.value }, making: next.outputs), parameters: parameters,
            builder: builder)
        builder.merge([next])
        do {
            try layer.lowerMoved(zeroPoint: own.zeroPoint)
        } catch let error as TesseraError where error.code == .notSupported {
            builder.unmerge([next])
            return false
        }
        return true
    }

    private func lowerMoved(zeroPoint: Int) throws {
        switch node.op {
        case let op as MaxPool: try lower(op)
        case let op as GlobalMaxPool: try lower(op)
        case let op as Slice: try lower(op)
        case let op as Concat: try lower(op)
        case let op as Transpose: try lower(op)
        case let op as DepthToSpace: try lower(op)
        case let op as SpaceToDepth: try lower(op)
        case let op as Pad:
            guard op.mode == .constant, op.value == 0 else { throw TesseraError(.notSupported, "padding of bytes") }
            let amounts = try op.amounts(rank: shape(input).count)
            let layout = try builder.operand(input).layout.like(shape(output))
            let fill = Float.repeating(byte: zeroPoint)
            try builder.define(output, as: copyPadded(input, amounts, value: fill, to: layout))
            builder.describe("reorder")
        default: try lowerReshape()
        }
    }
}

extension IntegerTail {
    /// What follows a sum of bytes, each times its scale: the zero points, and a relu.
    ///
    /// - Parameter offset: what the zero points of the two add to the sum.
    /// - Returns: nil for what takes more than one operation: oneDNN 2.6 computes a second one of the same kind wrong.
    fileprivate func sumOperations(offset: Float) -> [PostOperation]? {
        guard let scale, scale.bits == 0 else { return nil }
        let shift = offset + Float(scale.zeroPoint)
        guard !work.isEmpty else { return shift == 0 ? [] : [.function(.linear(shift))] }
        // Storing unsigned bytes with the zero point 0 is a relu.
        guard case .function(let function) = work[0], work.count == 1, function.kind == dnnl_eltwise_relu,
            function.alpha == 0, scale.zeroPoint == 0, scale.type == .u8
        else { return nil }
        return shift == 0 ? [] : [.function(.linear(shift))]
    }
}

extension ElementFunction {
    fileprivate static func linear(_ summand: Float) -> ElementFunction {
        ElementFunction(kind: dnnl_eltwise_linear, alpha: 1, beta: summand, keepsZero: false)
    }
}

extension QuantizationScale {
    fileprivate func isSameStep(as other: QuantizationScale) -> Bool {
        (scale, zeroPoint, type) == (other.scale, other.zeroPoint, other.type)
    }

    fileprivate func isWithin(_ other: QuantizationScale) -> Bool {
        other.range.contains(range.lowerBound) && other.range.contains(range.upperBound)
    }
}

extension Float {
    /// The bits of four equal bytes, with which memory is filled.
    fileprivate static func repeating(byte: Int) -> Float {
        Float(bitPattern: UInt32(UInt8(truncatingIfNeeded: byte)) &* 0x0101_0101)
    }
}
