import CKernels
import COneDNN
import TesseraCore
import TesseraOperators
import TesseraRuntime

/// Depthwise convolutions with kernels of 3x3 and 5x5, see `ck_depthwise`, where there is no AVX-512: oneDNN's kernels
/// for AVX2 take up to twice as long.
struct Depthwise: OwnConvolution {
    static let implementations = ["depthwise"]

    let implementation = implementations[0]
    let work: OwnWork
    let source: Layout
    let target: Layout

    init?(
        _ op: Conv, _ window: SlidingWindow, source: [Int], target: [Int], type: dnnl_data_type_t = dnnl_f32,
        precision: Precision = .f32, demanded: KernelChoice? = nil
    ) throws {
        guard Engine.hasAVX2, !Engine.hasAVX512, type == dnnl_f32, Self.suits(op, window, inputChannels: source[1])
        else { return nil }
        let order = MapOrder.nChw8c
        if let demanded {
            guard demanded.implementation == implementation, demanded.source == order.rawValue,
                demanded.target == order.rawValue
            else { return nil }
        }
        var work = ck_depthwise()
        work.map = ck_convolution(source: source, order, target: target, order, window, type: type)
        work.kernel = Int64(window.axes[0].kernel)
        (work.stride_y, work.stride_x) = (Int64(window.axes[0].stride), Int64(window.axes[1].stride))
        self.work = .depthwise(work)
        self.source = try Layout.map(source, order)
        self.target = try Layout.map(target, order)
    }

    /// Whether it computes a convolution. That may depend on what all tiles of a layer have in common only, or they would
    /// differ from the whole.
    private static func suits(_ op: Conv, _ window: SlidingWindow, inputChannels: Int) -> Bool {
        guard op.isDepthwise(over: inputChannels, window) else { return false }
        let (y, x) = (window.axes[0], window.axes[1])
        return y.kernel == x.kernel && [3, 5].contains(x.kernel) && x.stride <= 2 && y.dilation == 1 && x.dilation == 1
    }
}
