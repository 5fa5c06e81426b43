import COneDNN
import TesseraCore
import TesseraOperators

/// Layers that only move elements.
extension LayerLowering {
    func lower(_ op: Concat) throws {
        let axis = op.axis < 0 ? op.axis + shape(output).count : op.axis
        let target = builder.allocate(try layoutOfConcat(axis))
        var offsets = [Int](repeating: 0, count: shape(output).count)
        for value in node.inputs {
            var part = target
            part.layout = try target.layout.box(shape(value), at: offsets)
            try builder.reorder(from: builder.operand(value), to: part)
            offsets[axis] += shape(value)[axis]
        }
        try builder.define(output, as: target)
        builder.describe("reorder")
    }

    /// The layout that most of the inputs have, if no part of it would cut a block; else row-major.
    private func layoutOfConcat(_ axis: Int) throws -> Layout {
        let operands = try node.inputs.map(builder.operand)
        let candidates = try operands.map { try $0.layout.like(shape(output)) }
        let plain = try Layout.plain(shape(output), type: operands.first?.layout.type ?? builder.context.type)
        let best = candidates.max { a, b in candidates.count { $0 == a } < candidates.count { $0 == b } } ?? plain
        var offsets = [Int](repeating: 0, count: shape(output).count)
        for value in node.inputs {
            guard (try? best.box(shape(value), at: offsets)) != nil else { return plain }
            offsets[axis] += shape(value)[axis]
        }
        return best
    }

    func lower(_ op: Pad) throws {
        guard op.mode == .constant else { throw TesseraError(.notSupported, "padding with elements of the input") }
        guard op.value == 0 || builder.context.type == dnnl_f32 else {
            throw TesseraError(.notSupported, "filling with numbers of 16 bits")
        }
        let amounts = try op.amounts(rank: shape(input).count)
        let layout = try builder.operand(input).layout.like(shape(output))
        // In a blocked layout the zeros that fill up the last block must stay zeros.
        let target = op.value == 0 ? layout : try Layout.plain(shape(output), type: layout.type)
        try builder.define(output, as: copyPadded(input, amounts, value: Float(op.value), to: target))
        builder.describe("reorder")
    }

    func lower(_ op: Slice) throws {
        let positions = try op.positions(of: Shape(shape(input)))
        guard positions.prefix(2).allSatisfy({ $0.step == 1 }), positions.allSatisfy({ $0.step > 0 }) else {
            throw TesseraError(.notSupported, "steps along batch or channels, or backwards")
        }
        let taken = Region(positions.map(\.range))
        let box = taken == Region(whole: Shape(shape(input))) ? try builder.operand(input) : try copyBox(taken)
        if positions.allSatisfy({ $0.step == 1 }) {
            try builder.define(output, as: box)
            builder.describe("reorder")
        } else {
            try lowerSteps(positions.map(\.step), over: box)
        }
    }

    /// Takes every step-th pixel: the mean of windows of one element.
    private func lowerSteps(_ steps: [Int], over source: ProgramBuilder.Operand) throws {
        let target = try source.layout.like(shape(output))
        let (ones, zeros) = (steps.dropFirst(2).map { _ in 1 }, steps.dropFirst(2).map { _ in 0 })
        let descriptor = try PrimitiveDescriptor("a slice with steps") {
            onednn_pooling(
                &$0, $1, dnnl_pooling_avg_exclude_padding, source.layout.handle, target.handle,
                Array(steps.dropFirst(2)).int64, ones.int64, zeros.int64, zeros.int64, zeros.int64)
        }
        let result = builder.allocate(target)
        try builder.execute(descriptor, [(DNNL_ARG_SRC, .operand(source)), (DNNL_ARG_DST, .operand(result))])
        try finish(result, descriptor)
    }

    func lowerReshape() throws {
        // Row-major elements are the same whatever the shape; only their description changes.
        var result = try builder.plainOperand(input)
        result.layout = try .plain(shape(output), type: result.layout.type)
        try builder.define(output, as: result)
        builder.describe("none")
    }

    func lower(_ op: Split) throws {
        for (value, region) in zip(node.outputs, try op.regions(of: Shape(shape(input)))) {
            try builder.define(value, as: copyBox(region))
        }
        builder.describe("reorder")
    }

    func lower(_ op: Transpose) throws {
        let axes = try op.axes(rank: shape(input).count)
        let strides = Shape(shape(input)).strides
        try lowerStrided(axes.map { shape(input)[$0] }, strides: axes.map { strides[$0] })
    }

    func lower(_ op: DepthToSpace) throws {
        guard op.crop.allSatisfy({ $0 == 0 }) else { throw TesseraError(.notSupported, "blocks that are made in part") }
        let (x, block, channels) = (shape(input), op.block, shape(output)[1])
        let strides = Shape(x).strides
        // Between a pixel of a block and the next, and between channels of the result.
        let (place, depth) =
            op.mode == .dcr ? (channels * strides[1], strides[1]) : (strides[1], block * block * strides[1])
        try lowerStrided(
            [x[0], channels, x[2], block, x[3], block],
            strides: [strides[0], depth, strides[2], block * place, strides[3], place])
    }

    func lower(_ op: SpaceToDepth) throws {
        let (x, y, block) = (shape(input), shape(output), op.block)
        let strides = Shape(x).strides
        let place = [(block, strides[2]), (block, strides[3])]
        let channels = op.mode == .dcr ? place + [(x[1], strides[1])] : [(x[1], strides[1])] + place
        try lowerStrided(
            [x[0]] + channels.map(\.0) + [y[2], y[3]],
            strides: [strides[0]] + channels.map(\.1) + [block * strides[2], block * strides[3]])
    }

    /// A copy of the input whose elements, taken at `strides`, are the output's in row-major order.
    private func lowerStrided(_ sizes: [Int], strides: [Int]) throws {
        var source = try builder.plainOperand(input)
        let type = source.layout.type
        source.layout = try .plain(sizes, strides: strides, type: type)
        var target = builder.allocate(try .plain(shape(output), type: type))
        target.layout = try .plain(sizes, type: type)
        try builder.reorder(from: source, to: target)
        target.layout = try .plain(shape(output), type: type)
        try builder.define(output, as: target)
        builder.describe("reorder")
    }

    /// A copy of the elements in `region`, in the layout the input has, or row-major if that cannot be cut there.
    private func copyBox(_ region: Region) throws -> ProgramBuilder.Operand {
        var source = try builder.operand(input)
        if source.layout.box(region) == nil { source = try builder.plainOperand(input) }
        let target = builder.allocate(try source.layout.like(region.shape.dimensions))
        source.layout = try source.layout.box(region.shape.dimensions, at: region.ranges.map(\.lowerBound))
        try builder.reorder(from: source, to: target)
        return target
    }

    /// A copy of `value` in `layout`, which is larger (or, for negative amounts, smaller), with `fill` around it; row-major
    /// if `layout` has blocks that the copy would cut.
    func copyPadded(
        _ value: Graph.ValueID, _ amounts: [(before: Int, after: Int)], value fill: Float, to layout: Layout
    ) throws -> ProgramBuilder.Operand {
        // Where the input lands in the output, and the part of it that does land there.
        let landing = Region(zip(shape(value), amounts).map { $1.before..<$1.before + $0 })
        guard let outer = landing.intersection(Region(whole: Shape(layout.dimensions))) else {
            let target = builder.allocate(layout)
            builder.fill(target, with: fill)
            return target
        }
        let inner = outer.relative(to: landing)
        var source = try builder.operand(value)
        if let box = source.layout.box(inner) {
            source.layout = box
        } else {
            source = try builder.plainOperand(value)
            source.layout = try source.layout.box(inner.shape.dimensions, at: inner.ranges.map(\.lowerBound))
        }
        let usable = layout.box(outer) == nil ? try Layout.plain(layout.dimensions, type: layout.type) : layout
        let target = builder.allocate(usable)
        var part = target
        part.layout = try usable.box(outer.shape.dimensions, at: outer.ranges.map(\.lowerBound))
        builder.fill(target, with: fill)
        try builder.reorder(from: source, to: part)
        return target
    }
}

extension Layout {
    /// The box of `region`, nil if it would cut this layout's blocks.
    fileprivate func box(_ region: Region) -> Layout? {
        try? box(region.shape.dimensions, at: region.ranges.map(\.lowerBound))
    }
}
