import CKernels
import COneDNN
import TesseraCore
import TesseraOperators
import TesseraRuntime

/// A kernel of our own, on maps as `ck_convolution` has them.
protocol OwnKernel {
    /// What profiles call it.
    var implementation: String { get }
    /// Without its addresses.
    var work: OwnWork { get }
    var source: Layout { get }
    var target: Layout { get }
}

/// What a kernel of our own is to do.
enum OwnWork {
    case minimalFilter(ck_winograd)
    case depthwise(ck_depthwise)
    case product(ck_product)

    var map: ck_convolution {
        get {
            switch self {
            case .minimalFilter(let work): work.map
            case .depthwise(let work): work.map
            case .product(let work): work.map
            }
        }
        set {
            switch self {
            case .minimalFilter(var work):
                work.map = newValue
                self = .minimalFilter(work)
            case .depthwise(var work):
                work.map = newValue
                self = .depthwise(work)
            case .product(var work):
                work.map = newValue
                self = .product(work)
            }
        }
    }

    /// Floats that packed weights take.
    var weightCount: Int {
        switch self {
        case .minimalFilter(let work):
            Int(ck_winograd_weight_count(work.map.outputs, work.map.channels, work.side, work.is_wide))
        case .depthwise(let work): Int(ck_depthwise_weight_count(work.map.channels, work.kernel))
        case .product(let work): withUnsafePointer(to: work) { Int(ck_product_weight_count($0)) }
        }
    }

    /// How a layer's weights are packed.
    var packing: PackedWeights.Packing {
        if case .product = self { PackedWeights.Packing(isRounding: true, pack: pack) } else { .init(pack: pack) }
    }

    /// Brings them to the place of `weightCount` floats.
    private func pack(_ weights: UnsafeRawPointer, to packed: UnsafeMutablePointer<Float>) {
        switch self {
        case .minimalFilter(let work):
            ck_winograd_pack(weights, packed, work.map.outputs, work.map.channels, work.side, work.is_wide)
        case .depthwise(let work): ck_depthwise_pack(weights, packed, work.map.channels, work.kernel)
        case .product(let work): withUnsafePointer(to: work) { ck_product_pack($0, weights, packed) }
        }
    }

    /// Bytes of memory that a run takes.
    func scratchByteCount(threads: Int) -> Int {
        switch self {
        case .minimalFilter(let work): withUnsafePointer(to: work) { Int(ck_winograd_scratch($0, Int64(threads))) }
        case .depthwise, .product: 0
        }
    }

    /// Runs it on maps at these addresses.
    func run(
        source: UnsafeRawPointer, target: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer,
        residual: UnsafeRawPointer? = nil, threads: Int32
    ) {
        var (work, map) = (self, map)
        (map.source, map.target) = (source, target)
        map.scratch = scratch.assumingMemoryBound(to: Float.self)
        map.ending.residual = residual
        work.map = map
        switch work {
        case .minimalFilter(let work): withUnsafePointer(to: work) { ck_winograd_run($0, threads) }
        case .depthwise(let work): withUnsafePointer(to: work) { ck_depthwise_run($0, threads) }
        case .product(let work): withUnsafePointer(to: work) { ck_product_run($0, threads) }
        }
    }
}

extension ck_precision {
    init(_ precision: Precision) {
        self =
            switch precision {
            case .f32: ck_f32
            case .bf16: ck_bf16
            case .f16: ck_f16
            }
    }
}

extension ck_convolution {
    /// Maps of these shapes, without their addresses.
    init(
        source: [Int], _ sourceOrder: MapOrder, target: [Int], _ targetOrder: MapOrder, _ window: SlidingWindow,
        type: dnnl_data_type_t
    ) {
        self.init()
        storage = type == dnnl_bf16 ? ck_bf16 : ck_f32
        (batch, channels, outputs) = (Int64(source[0]), Int64(source[1]), Int64(target[1]))
        (height, width) = (Int64(source[2]), Int64(source[3]))
        (out_height, out_width) = (Int64(target[2]), Int64(target[3]))
        (padding_y, padding_x) = (Int64(window.axes[0].before), Int64(window.axes[1].before))
        (source_group, source_pixel) = Self.distances(source, sourceOrder)
        (target_group, target_pixel) = Self.distances(target, targetOrder)
    }

    /// Elements between groups of 8 channels, and between pixels.
    private static func distances(_ shape: [Int], _ order: MapOrder) -> (Int64, Int64) {
        order == .nhwc ? (8, Int64(shape[1])) : (Int64(8 * shape[2] * shape[3]), 8)
    }
}

extension ck_ending {
    /// Computes a function, too, if that is possible.
    ///
    /// - Parameter isFilled: whether there are channels that are none, which must remain 0.
    fileprivate mutating func add(_ functions: [ElementFunction], isFilled: Bool) -> Bool {
        guard function == ck_identity, functions.count == 1, functions[0].keepsZero || !isFilled else { return false }
        switch functions[0].kind {
        case dnnl_eltwise_relu: function = ck_rectify
        case dnnl_eltwise_clip_v2: function = ck_clip
        default: return false
        }
        (alpha, beta) = (functions[0].alpha, functions[0].beta)
        return true
    }
}

extension LayerLowering {
    /// Computes a layer with the sum and the function that follow it, and rounds what comes out.
    func lower(by kernel: any OwnKernel, hasBias: Bool) throws {
        var work = kernel.work
        work.map.weights = try builder.constantFloats(
            parameter("weight"), count: kernel.work.weightCount, packing: kernel.work.packing)
        // Room for whole groups, as in the weights.
        let outputs = Int(work.map.outputs)
        let whole = (outputs + 7) / 8 * 8
        let isFilled = kernel.target.elementCount > shape(output).reduce(1, *)
        if hasBias {
            let bias = try parameter("bias")
            let packing = PackedWeights.Packing { numbers, packed in
                let byteCount = outputs * MemoryLayout<Float>.size
                UnsafeMutableRawPointer(packed).copyMemory(from: numbers, byteCount: byteCount)
                for index in outputs..<whole { packed[index] = 0 }
            }
            work.map.ending.bias = try builder.constantFloats(bias, count: whole, packing: packing)
        }
        var residual: Graph.ValueID?
        var nodes: [Graph.Node] = []
        search: for follower in builder.followers(of: node) {
            switch follower.work {
            case .residual(let other):
                guard work.map.ending.function == ck_identity else { break search }
                residual = other
            case .functions(let functions):
                guard work.map.ending.add(functions, isFilled: isFilled) else { break search }
            }
            nodes.append(follower.node)
        }
        let value = nodes.last?.outputs[0] ?? output
        work.map.ending.precision = builder.rounding(of: value)
        let isInPlace = residual.map { builder.isLastReader(of: $0, in: kernel.target) } ?? false
        let other = try residual.map { try builder.operand($0, in: kernel.target) }
        let source = try builder.operand(input, in: kernel.source)
        let result = isInPlace ? other ?? builder.allocate(kernel.target) : builder.allocate(kernel.target)
        try builder.convolve(
            work, kernel.implementation, source, residual: other, result,
            scratch: kernel.work.scratchByteCount(threads: builder.threads))
        builder.merge(nodes)
        builder.define(value, asRounded: result)
        builder.describe(kernel.implementation)
    }
}
