import COneDNN
import TesseraCore
import TesseraOperators

/// Layers that only move elements.
extension TrainingLowering {
    /// Row-major elements are the same whatever the shape; only their description changes.
    func lowerReshape() throws {
        let type = builder.type
        let source = try builder.operand(input, in: .plain(shape(input), type: type))
        builder.define(output, as: source.described(as: try .plain(shape(output), type: type)), rounding: false)
        let (builder, input, output) = (builder, input, output)
        builder.onTheWayBack(node) {
            let plain = try Layout.plain(builder.shape(output), type: type)
            guard let gradient = try builder.gradient(output, in: plain) else { return }
            try builder.addGradient(gradient.described(as: .plain(builder.shape(input), type: type)), of: input)
        }
    }

    func lower(_ op: Slice) throws {
        let positions = try op.positions(of: Shape(shape(input)))
        guard positions.allSatisfy({ $0.step > 0 }) else { throw TesseraError(.notSupported, "steps backwards") }
        let taken = Region(positions.map(\.range))
        if positions.allSatisfy({ $0.step == 1 }) { return try lowerBox(taken) }
        // Every step-th pixel is the mean of windows of one element.
        guard shape(input).count > 2, positions.prefix(2).allSatisfy({ $0.step == 1 }),
            zip(positions, shape(input)).allSatisfy({ $0.start == 0 && ($1 + $0.step - 1) / $0.step == $0.count })
        else { throw TesseraError(.notSupported, "steps from elsewhere than the first element to the last") }
        let axes = positions.dropFirst(2).map { SlidingWindow.Axis(kernel: 1, stride: $0.step, dilation: 1) }
        try lowerPooling(dnnl_pooling_avg_exclude_padding, SlidingWindow(axes: axes))
    }

    /// A part of the input.
    private func lowerBox(_ region: Region) throws {
        var source = try builder.operand(input)
        if source.layout.box(of: region) == nil { source = try builder.plainOperand(input) }
        let (whole, part) = (source.layout, try source.layout.requiredBox(of: region))
        let target = builder.allocate(try whole.like(region.shape.dimensions))
        try builder.reorder(from: source.described(as: part), to: target)
        builder.define(output, as: target, rounding: false)
        let (builder, input, output) = (builder, input, output)
        builder.onTheWayBack(node) {
            guard let gradient = builder.gradient(output) else { return }
            let result = builder.allocate(whole)
            builder.add(.clear(result))
            try builder.reorder(from: gradient, to: result.described(as: part))
            try builder.addGradient(result, of: input)
        }
    }

    func lower(_ op: Pad) throws {
        let amounts = try op.amounts(rank: shape(input).count)
        guard op.mode == .constant, op.value == 0, amounts.allSatisfy({ $0.before >= 0 && $0.after >= 0 }) else {
            throw TesseraError(.notSupported, "padding other than zeros")
        }
        let landing = Region(zip(shape(input), amounts).map { $1.before..<$1.before + $0 })
        let source = try builder.operand(input)
        var layout = try source.layout.like(shape(output))
        if layout.box(of: landing) == nil { layout = try .plain(shape(output), type: layout.type) }
        let part = try layout.requiredBox(of: landing)
        let target = builder.allocate(layout)
        builder.add(.clear(target))
        try builder.reorder(from: source, to: target.described(as: part))
        builder.define(output, as: target, rounding: false)
        let (builder, input, output, back) = (builder, input, output, source.layout)
        builder.onTheWayBack(node) {
            guard let gradient = try builder.gradient(output, in: layout) else { return }
            let result = builder.allocate(back)
            try builder.reorder(from: gradient.described(as: part), to: result)
            try builder.addGradient(result, of: input)
        }
    }

    func lower(_ op: Concat) throws {
        let rank = shape(output).count
        let axis = op.axis < 0 ? op.axis + rank : op.axis
        var end = 0
        let regions = node.inputs.map { value in
            defer { end += shape(value)[axis] }
            return Region(whole: Shape(shape(value))).replacing(axis: axis, with: end..<end + shape(value)[axis])
        }
        let operands = try node.inputs.map(builder.operand)
        var layout = try operands[0].layout.like(shape(output))
        if regions.contains(where: { layout.box(of: $0) == nil }) {
            layout = try .plain(shape(output), type: layout.type)
        }
        let parts = try regions.map { try layout.requiredBox(of: $0) }
        let target = builder.allocate(layout)
        for (operand, part) in zip(operands, parts) {
            try builder.reorder(from: operand, to: target.described(as: part))
        }
        builder.define(output, as: target, rounding: false)
        let (builder, node, output) = (builder, node, output)
        builder.onTheWayBack(node) {
            guard let gradient = try builder.gradient(output, in: layout) else { return }
            for (value, (operand, part)) in zip(node.inputs, zip(operands, parts)) where builder.isTrained[value] {
                let result = builder.allocate(operand.layout)
                try builder.reorder(from: gradient.described(as: part), to: result)
                try builder.addGradient(result, of: value)
            }
        }
    }
}

extension Layout {
    /// The box of `region`, nil if it would cut this layout's blocks.
    fileprivate func box(of region: Region) -> Layout? { try? requiredBox(of: region) }

    fileprivate func requiredBox(of region: Region) throws -> Layout {
        try box(region.shape.dimensions, at: region.ranges.map(\.lowerBound))
    }
}
