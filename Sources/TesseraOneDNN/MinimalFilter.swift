import CKernels
import COneDNN
import TesseraCore
import TesseraOperators
import TesseraRuntime

/// Convolutions with kernels of 3x3 by Winograd's minimal filtering, see `ck_winograd`: less than half the multiplications of oneDNN's
/// kernels, in an order that does not depend on the size of the map.
struct MinimalFilter {
    /// What choices of kernels and profiles call it.
    static let implementation = "winograd"

    /// The order that maps lie in if nobody demands another.
    static var order: MapOrder { Engine.hasAVX512 ? .nhwc : .nChw8c }

    /// Work without its addresses.
    let work: ck_winograd
    let weightCount: Int
    let source: Layout
    let target: Layout

    /// - Parameters:
    ///   - source: the shape of the input.
    ///   - target: that of the output.
    ///   - demanded: the kernel to take, if that is decided already.
    /// - Returns: nil for what it does not compute, or is not to.
    init?(
        _ op: Conv, _ window: SlidingWindow, source: [Int], target: [Int], type: dnnl_data_type_t = dnnl_f32,
        demanded: KernelChoice? = nil
    ) throws {
        guard Engine.hasAVX2, type == dnnl_f32, Self.suits(op, window, inputChannels: source[1]) else { return nil }
        var orders = (source: Self.order, target: Self.order)
        if let demanded {
            guard demanded.implementation == Self.implementation, let source = MapOrder(rawValue: demanded.source),
                let target = MapOrder(rawValue: demanded.target), Self.takes(source), Self.takes(target)
            else { return nil }
            orders = (source, target)
        }
        // Blocks have room for channels that fill no group.
        if source[1] % 8 != 0 { orders.source = .nChw8c }
        if target[1] % 8 != 0 { orders.target = .nChw8c }
        try op.part?.validate()
        let phase = op.part?.origin ?? [0, 0]
        var work = ck_winograd()
        (work.batch, work.channels, work.outputs) = (Int64(source[0]), Int64(source[1]), Int64(target[1]))
        (work.height, work.width) = (Int64(source[2]), Int64(source[3]))
        (work.out_height, work.out_width) = (Int64(target[2]), Int64(target[3]))
        (work.padding_y, work.padding_x) = (Int64(window.axes[0].before), Int64(window.axes[1].before))
        (work.phase_y, work.phase_x) = (Int64(phase[0]), Int64(phase[1]))
        (work.source_group, work.source_pixel) = Self.distances(source, orders.source)
        (work.target_group, work.target_pixel) = Self.distances(target, orders.target)
        work.is_wide = Engine.hasAVX512 ? 1 : 0
        self.work = work
        weightCount = Int(ck_winograd_weight_count(work.outputs, work.channels, work.is_wide))
        self.source = try Layout.map(source, orders.source)
        self.target = try Layout.map(target, orders.target)
    }

    private static func takes(_ order: MapOrder) -> Bool { order == .nhwc || order == .nChw8c }

    /// Whether it computes a convolution. That may depend on what all tiles of a layer have in common only, or they would differ from
    /// the whole.
    private static func suits(_ op: Conv, _ window: SlidingWindow, inputChannels: Int) -> Bool {
        op.rounds(bySquaresOver: window) && inputChannels >= 16
    }

    /// Floats between groups of 8 channels, and between pixels.
    private static func distances(_ shape: [Int], _ order: MapOrder) -> (Int64, Int64) {
        order == .nhwc ? (8, Int64(shape[1])) : (Int64(8 * shape[2] * shape[3]), 8)
    }

    /// Bytes of memory that a run takes.
    func scratchByteCount(threads: Int) -> Int {
        withUnsafePointer(to: work) { Int(ck_winograd_scratch($0, Int64(threads))) }
    }

    /// Transforms a layer's weights, to the place of `weightCount` floats.
    func pack(_ weights: UnsafePointer<Float>, to packed: UnsafeMutablePointer<Float>) {
        ck_winograd_pack(weights, packed, work.outputs, work.channels, work.is_wide)
    }
}

extension LayerLowering {
    /// Computes a convolution by minimal filtering, with the sum and the rectifier that follow it.
    func lower(_ op: Conv, by filter: MinimalFilter) throws {
        let tensor = try parameter("weight")
        var work = filter.work
        work.weights = try builder.constantFloats(tensor, count: filter.weightCount, packing: filter.pack)
        let bias = try op.bias ? parameter("bias") : nil
        if let bias {
            // Room for whole groups, as in the weights.
            let count = bias.shape.elementCount
            let whole = (count + 7) / 8 * 8
            work.bias = try builder.constantFloats(bias, count: whole) { numbers, packed in
                for index in 0..<whole { packed[index] = index < count ? numbers[index] : 0 }
            }
        }
        var residual: Graph.ValueID?
        var nodes: [Graph.Node] = []
        search: for follower in builder.followers(of: node) {
            switch follower.work {
            case .residual(let other) where work.rectifies == 0: residual = other
            case .functions(let functions)
            where work.rectifies == 0 && functions.count == 1 && functions[0].kind == dnnl_eltwise_relu:
                (work.rectifies, work.slope) = (1, functions[0].alpha)
            default: break search
            }
            nodes.append(follower.node)
        }
        let isInPlace = residual.map { builder.isLastReader(of: $0, in: filter.target) } ?? false
        let other = try residual.map { try builder.operand($0, in: filter.target) }
        let source = try builder.operand(input, in: filter.source)
        let result = isInPlace ? other ?? builder.allocate(filter.target) : builder.allocate(filter.target)
        try builder.minimalFilter(
            work, source, residual: other, result, scratch: filter.scratchByteCount(threads: builder.threads))
        builder.merge(nodes)
        try builder.define(nodes.last?.outputs[0] ?? output, as: result)
        builder.describe(MinimalFilter.implementation)
    }
}
