import COneDNN
import TesseraCore
import TesseraOperators

/// Chooses oneDNN's implementation of a convolution, and brings the weights into the groups that it wants.
///
/// Implementations add in different orders, so the choice may not depend on the size of the map, or a tile would differ from
/// the whole. What is chosen for a large map is demanded for every map; a map that this implementation refuses, for it is
/// narrower than the padding, say, is put into a larger one. Kernels of one element for AVX-512 add their channels in parts
/// whose number follows from the size of the map where channels are blocked, and in one where they come last (oneDNN 2.6,
/// jit_avx512_common_1x1_conv_kernel::init_conf, `reduce_blocking`): they are given the latter.
struct Convolution {
    /// The map that the primitive is run on.
    struct Geometry {
        /// The shapes of its input and its output; at least as large as the layer's own.
        var source: [Int]
        var target: [Int]
        /// Padding that the primitive itself supplies, before and after each axis.
        var padding: [(before: Int, after: Int)]
        /// Whether the padding is put into memory instead, and the rest of a larger map with it.
        var isMaterialized: Bool
    }

    struct Choice {
        var descriptor: PrimitiveDescriptor
        /// As [groups, output channels, input channels, kernel…], or without groups if there is only one.
        var weight: Tensor
        var geometry: Geometry
    }

    let window: SlidingWindow
    let source: [Int]
    let target: [Int]
    let hasBias: Bool

    /// The size of a map, along each axis, that every implementation takes.
    private static let largeMap = 32

    /// Words in the names of implementations whose results depend on the size of the map and on the number of threads: those
    /// through matrix multiplication.
    private static let avoided = "gemm,brg"

    /// Where a grouped convolution has no implementation that is independent of size, neighbouring groups are merged, with
    /// zeros for the weights between them, until there is one.
    func choose(_ weight: Tensor, groups: Int) throws -> Choice {
        let large = geometry(sizes: window.axes.map { _ in Self.largeMap })
        var weight = weight
        var model = try descriptor(try weight.merged(groups: groups, by: 1), large)
        let factor = groups > 1 && !model.isSizeIndependent ? mergeFactor(weight.shape, groups: groups) : 1
        weight = try weight.merged(groups: groups, by: factor)
        if factor > 1 { model = try descriptor(weight, large) }

        let candidates = geometries.filter { !$0.isMaterialized || isModest($0) }
        guard let fallback = candidates.first else {
            throw TesseraError(.notSupported, "padding that takes far more memory than the map")
        }
        for geometry in candidates {
            let descriptor = try descriptor(weight, geometry)
            if descriptor.implementation == model.implementation {
                return Choice(descriptor: descriptor, weight: weight, geometry: geometry)
            }
        }
        return Choice(descriptor: try descriptor(weight, fallback), weight: weight, geometry: fallback)
    }

    /// Whether a map with its padding in memory is worth the memory.
    private func isModest(_ geometry: Geometry) -> Bool {
        let size = geometry.source.reduce(1, Shape.saturatingProduct)
        return size <= max(1 << 26, Shape.saturatingProduct(64, source.reduce(1, Shape.saturatingProduct)))
    }

    /// From the most to the least welcome.
    private var geometries: [Geometry] {
        let sizes = Array(target.dropFirst(2))
        let own = Geometry(
            source: source, target: target, padding: window.axes.map { ($0.before, $0.after) }, isMaterialized: false)
        let larger = [1, 4, 8, 16, Self.largeMap].map { least in geometry(sizes: sizes.map { max($0, least) }) }
        // A dilated convolution takes another path at the border, which adds in another order, and oneDNN has no negative
        // padding.
        let isOwnPossible = window.axes.allSatisfy { $0.dilation == 1 && $0.before >= 0 && $0.after >= 0 }
        return (isOwnPossible ? [own] : []) + larger
    }

    /// A map without padding whose output has the given sizes.
    private func geometry(sizes: [Int]) -> Geometry {
        // Kernels of one element with strides want a whole number of strides.
        let inputs = zip(window.axes, sizes).map { max(($1 - 1) * $0.stride + $0.extent, $1 * $0.stride) }
        return Geometry(
            source: source.prefix(2) + inputs, target: target.prefix(2) + sizes,
            padding: window.axes.map { _ in (0, 0) }, isMaterialized: true)
    }

    private func descriptor(_ weight: Tensor, _ geometry: Geometry) throws -> PrimitiveDescriptor {
        let free = try descriptor(weight, geometry, Layout.any)
        guard free.implementation.hasPrefix("jit_1x1:avx512") else { return free }
        return try descriptor(weight, geometry) { try Layout.plain($0, innermost: 1) }
    }

    private func descriptor(
        _ weight: Tensor, _ geometry: Geometry, _ layout: ([Int]) throws -> Layout
    ) throws -> PrimitiveDescriptor {
        let (source, target) = (try layout(geometry.source), try layout(geometry.target))
        let weights = try Layout.any(weight.shape.dimensions)
        let bias = hasBias ? try Layout.plain([self.target[1]]) : nil
        return try PrimitiveDescriptor("a convolution") {
            onednn_convolution(
                &$0, $1, source.handle, weights.handle, bias?.handle, target.handle,
                window.axes.map(\.stride).int64, window.axes.map { $0.dilation - 1 }.int64,
                geometry.padding.map(\.before).int64, geometry.padding.map(\.after).int64, Self.avoided)
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
