import CKernels
import COneDNN
import TesseraCore
import TesseraOperators
import TesseraRuntime

/// Convolutions with kernels of 3x3 by Winograd's minimal filtering, see `ck_winograd`: less than half the
/// multiplications of oneDNN's kernels, in an order that does not depend on the size of the map. In 16 bits there are
/// squares of 4x4 outputs, too, for who demands them. They multiply in f32. Where oneDNN's kernels
/// multiply bfloat16 numbers, at twice the speed, they are only for who demands them: squares of 4x4 take a quarter of the multiplications.
struct MinimalFilter: OwnConvolution {
    static let implementations = ["winograd", "winograd-4x4"]

    /// The order that maps lie in if nobody demands another.
    static var order: MapOrder { Engine.hasAVX512 ? .nhwc : .nChw8c }

    let implementation: String
    let work: OwnWork
    let source: Layout
    let target: Layout

    init?(
        _ op: Conv, _ window: SlidingWindow, source: [Int], target: [Int], type: dnnl_data_type_t = dnnl_f32,
        precision: Precision = .f32, demanded: KernelChoice? = nil
    ) throws {
        guard Engine.hasAVX2, type == dnnl_f32 || demanded != nil, Self.suits(op, window, inputChannels: source[1])
        else { return nil }
        var orders = (source: Self.order, target: Self.order)
        implementation = demanded?.implementation ?? Self.implementations[0]
        guard let form = Self.implementations.firstIndex(of: implementation) else { return nil }
        // Outputs of a square along each side.
        let side: Int64 = form == 0 ? 2 : 4
        // Squares of 4x4 outputs are right to about 17 bits of the largest number in the square: more than the 8 or 11
        // bits that 16 hold, but for outputs that are small beside others. And all outputs of a square depend on all of
        // its inputs, so that those at the end of a tile may round otherwise than in the whole.
        guard side == 2 || precision != .f32 else { return nil }
        if let demanded {
            guard let source = MapOrder(rawValue: demanded.source),
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
        work.map = ck_convolution(source: source, orders.source, target: target, orders.target, window, type: type)
        (work.side, work.is_wide) = (side, Engine.hasAVX512 ? 1 : 0)
        (work.phase_y, work.phase_x) = (Int64(phase[0]) % side, Int64(phase[1]) % side)
        self.work = .minimalFilter(work)
        self.source = try Layout.map(source, orders.source, type: type)
        self.target = try Layout.map(target, orders.target, type: type)
    }

    private static func takes(_ order: MapOrder) -> Bool { order == .nhwc || order == .nChw8c }

    /// Whether it computes a convolution. That may depend on what all tiles of a layer have in common only, or they would
    /// differ from the whole.
    private static func suits(_ op: Conv, _ window: SlidingWindow, inputChannels: Int) -> Bool {
        op.rounds(bySquaresOver: window) && inputChannels >= 8
    }
}
