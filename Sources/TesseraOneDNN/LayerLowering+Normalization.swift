import COneDNN
import TesseraCore
import TesseraOperators

/// Layers that divide by a measure of many elements.
extension LayerLowering {
    func lower(_ op: any AlongAxis) throws {
        let axis = Int32(op.axis < 0 ? op.axis + shape(input).count : op.axis)
        // With the axis innermost, one pixel is summed in the same order as many.
        let order = shape(input).indices.filter { $0 != Int(axis) } + [Int(axis)]
        var strides = shape(input)
        _ = order.reversed().reduce(1) { stride, axis in
            strides[axis] = stride
            return stride * shape(input)[axis]
        }
        let layout = try Layout.plain(shape(input), strides: strides)
        let descriptor = try PrimitiveDescriptor(op.name) {
            op is LogSoftmax
                ? onednn_logsoftmax(&$0, $1, layout.handle, axis) : onednn_softmax(&$0, $1, layout.handle, axis)
        }
        let source = try builder.operand(input, in: layout)
        let target = builder.result(over: source)
        try builder.execute(descriptor, [(DNNL_ARG_SRC, .operand(source)), (DNNL_ARG_DST, .operand(target))])
        finish(target, descriptor)
    }
}
