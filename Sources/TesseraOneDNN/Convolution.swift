import COneDNN
import TesseraCore
import TesseraOperators

/// Chooses oneDNN's implementation of a convolution, and brings the weights into the groups that it wants.
struct Convolution {
    let window: SlidingWindow
    let source: [Int]
    let target: [Int]
    let hasPadding: Bool
    let hasBias: Bool

    /// The implementation, and the weights as [groups, output channels, input channels, kernel…], or without groups if
    /// there is only one.
    ///
    /// oneDNN's implementations through matrix multiplication ("gemm", "brgconv") add in an order that depends on the size of
    /// the map and the number of threads, so a tile would differ from the whole. Where a grouped convolution has no other, neighbouring groups are merged, with zeros for
    /// the weights between them, until there is one.
    func choose(_ weight: Tensor, groups: Int) throws -> (PrimitiveDescriptor, Tensor) {
        let grouped = try weight.merged(groups: groups, by: 1)
        let first = try descriptor(grouped.shape.dimensions)
        guard groups > 1, !first.isSizeIndependent else { return (first, grouped) }
        let merged = try weight.merged(groups: groups, by: mergeFactor(weight.shape, groups: groups))
        return (try descriptor(merged.shape.dimensions), merged)
    }

    /// Words in the names of implementations whose results depend on the size of the map.
    private static let avoided = "gemm,brg"

    private func descriptor(_ weights: [Int]) throws -> PrimitiveDescriptor {
        let (anySource, anyWeights, anyTarget) = (try Layout.any(source), try Layout.any(weights), try Layout.any(target))
        let bias = hasBias ? try Layout.plain([target[1]]) : nil
        return try PrimitiveDescriptor("a convolution") {
            onednn_convolution(
                &$0, $1, anySource.handle, anyWeights.handle, bias?.handle, anyTarget.handle,
                window.axes.map(\.stride).int64, window.axes.map { $0.dilation - 1 }.int64,
                window.axes.map { hasPadding ? $0.before : 0 }.int64, window.axes.map { hasPadding ? $0.after : 0 }.int64,
                Self.avoided)
        }
    }

    /// How many groups to merge so that each has a multiple of 16 channels, which direct kernels take; all if none fits.
    private func mergeFactor(_ weight: Shape, groups: Int) -> Int {
        let (outputs, inputs) = (weight[0] / groups, weight[1])
        let fitting = (2...groups).first { groups % $0 == 0 && outputs * $0 % 16 == 0 && inputs * $0 % 16 == 0 }
        return fitting ?? groups
    }
}

extension PrimitiveDescriptor {
    /// False for matrix multiplication, and for the slow reference kernel that is left when it is avoided.
    var isSizeIndependent: Bool { !["gemm", "brg", "ref"].contains(where: implementation.contains) }
}

extension Tensor {
    /// These convolution weights with every `factor` neighbouring groups made one, zeros between them.
    fileprivate func merged(groups: Int, by factor: Int) throws -> Tensor {
        let (outputs, inputs) = (shape[0] / groups, shape[1])
        let kernel = Array(shape.dimensions.dropFirst(2))
        let merged = groups / factor
        let grouped = Shape((merged > 1 ? [merged] : []) + [outputs * factor, inputs * factor] + kernel)
        guard factor > 1 else { return try reshaped(to: grouped) }
        var result = try Tensor(zeros: Shape([shape[0], inputs * factor] + kernel))
        for group in 0..<groups {
            let rows = group * outputs..<(group + 1) * outputs
            let columns = group % factor * inputs..<(group % factor + 1) * inputs
            let all = kernel.map { 0..<$0 }
            try result.paste(cropped(to: Region([rows, 0..<inputs] + all)), at: Region([rows, columns] + all))
        }
        return try result.reshaped(to: grouped)
    }
}
