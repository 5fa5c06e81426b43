import COneDNN
import TesseraCore
import TesseraOperators

/// Chooses oneDNN's implementation of a convolution of bytes, whose channels come last.
///
/// Sums of integers are the same in any order, so any implementation will do as long as it does the rest, scales and functions, in one
/// order.
struct IntegerConvolution {
    let window: SlidingWindow
    let source: [Int]
    let target: [Int]
    /// Of i8, as [output channels, input channels / groups, kernel…].
    let weight: Tensor
    let groups: Int
    /// u8, or i8 where that is as exact.
    let sourceType: dnnl_data_type_t
    let targetType: dnnl_data_type_t

    struct Choice {
        var descriptor: PrimitiveDescriptor
        /// With an axis for groups if there are several.
        var weight: Tensor
        /// The shape of the map that it reads; larger than the layer's own if padding is put into memory.
        var source: [Int]
        var isMaterialized: Bool
    }

    private static let avoided = "ref,gemm"

    /// - Returns: nil if oneDNN has no such kernel.
    func choose(_ operations: [PostOperation], _ scaling: IntegerScaling) throws -> Choice? {
        let attributes = try Attributes(operations, integers: scaling)
        let kernel = Array(weight.shape.dimensions.dropFirst(2))
        let weights =
            groups > 1
            ? try weight.reshaped(to: Shape([groups, target[1] / groups, source[1] / groups] + kernel)) : weight
        let isOwnPossible = window.axes.allSatisfy { $0.before >= 0 && $0.after >= 0 }
        let inputs = zip(window.axes, target.dropFirst(2)).map { ($1 - 1) * $0.stride + $0.extent }
        let padded = Array(source.prefix(2)) + inputs
        let none = window.axes.map { _ in (0, 0) }
        for isMaterialized in isOwnPossible ? [false, true] : [true] {
            let map = isMaterialized ? padded : source
            let padding = isMaterialized ? none : window.axes.map { ($0.before, $0.after) }
            if let found = try? descriptor(weights, map, padding, attributes), !found.isAny(of: Self.avoided) {
                return Choice(descriptor: found, weight: weights, source: map, isMaterialized: isMaterialized)
            }
        }
        return nil
    }

    private func descriptor(
        _ weights: Tensor, _ map: [Int], _ padding: [(Int, Int)], _ attributes: Attributes
    ) throws -> PrimitiveDescriptor {
        let from = try Layout.map(map, .nhwc, type: sourceType)
        let to = try Layout.map(target, .nhwc, type: targetType)
        let any = try Layout.any(weights.shape.dimensions, type: dnnl_s8)
        let bias = try Layout.plain([target[1]])
        return try Self.avoided.withCString { avoided in
            try PrimitiveDescriptor("a convolution of integers") {
                onednn_convolution(
                    &$0, $1, from.handle, any.handle, bias.handle, to.handle, window.axes.map(\.stride).int64,
                    window.axes.map { $0.dilation - 1 }.int64, padding.map(\.0).int64, padding.map(\.1).int64,
                    attributes.handle, onednn_wish(avoided: avoided, name: nil))
            }
        }
    }

    /// Whether kernels without VNNI add up these weights right: two products of bytes fit in 16 bits, whatever is read.
    ///
    /// - Parameters:
    ///   - weight: of i8, output channels first.
    ///   - largest: the largest integer that is read.
    static func isExactInPairs(_ weight: Tensor, largest: Int) throws -> Bool {
        // A single input channel has nothing to be added to.
        if weight.shape.rank > 2, weight.shape[1] == 1 { return true }
        let rows = weight.shape[0]
        let values: [Int8] = try weight.elements()
        let count = rows > 0 ? values.count / rows : 0
        return values.withUnsafeBufferPointer { values in
            for row in 0..<rows {
                var (first, second, least, less) = (0, 0, 0, 0)
                for index in row * count..<(row + 1) * count {
                    let value = Int(values[index])
                    if value > second { (first, second) = value > first ? (value, first) : (first, value) }
                    if value < less { (least, less) = value < least ? (value, least) : (least, value) }
                }
                if (first + second) * largest > Int(Int16.max) || (least + less) * largest < Int(Int16.min) {
                    return false
                }
            }
            return true
        }
    }
}
