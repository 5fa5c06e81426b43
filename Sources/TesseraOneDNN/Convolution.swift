import COneDNN
import Synchronization
import TesseraCore
import TesseraOperators
import TesseraRuntime

/// Chooses oneDNN's implementation of a convolution, and brings the weights into the groups that it wants.
///
/// Implementations add in different orders, so the choice may not depend on the size of the map, or a tile would differ from
/// the whole. What is chosen for a large map is demanded for every map; a map that this implementation refuses, for it is
/// narrower than the padding, say, is put into a larger one. Kernels of one element for AVX-512 add their channels in parts
/// whose number follows from the size of the map where channels are blocked, and in one where they come last (oneDNN 2.6,
/// jit_avx512_common_1x1_conv_kernel::init_conf, `reduce_blocking`); larger kernels with channels last add them in parts of 512
/// whatever the size (jit_avx512_common_conv_fwd_kernel::init_conf, `nb_ic_L2`). In bfloat16 the quickest is taken.
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
        /// What it does besides.
        var operations: [PostOperation] = []
        /// As [groups, output channels, input channels, kernel…], or without groups if there is only one.
        var weight: Tensor
        var geometry: Geometry
        /// How its source and its target lie; nil for whatever the kernel likes.
        var orders: Orders?
    }

    struct Orders {
        var source: MapOrder
        var target: MapOrder
    }

    let window: SlidingWindow
    let source: [Int]
    let target: [Int]
    let hasBias: Bool
    /// Of the elements it reads and writes: f32 or bf16.
    var type = dnnl_f32
    /// Whether channels must come last where there is no AVX-512 either.
    var hasChannelsLast = Engine.hasAVX512
    /// The kernel to take, if that is decided already.
    var demanded: KernelChoice?

    /// The size of a map, along each axis, that every implementation takes.
    private static let largeMap = 32

    /// What is chosen for a large map.
    private struct Model {
        var implementation: String
        var orders: Orders?
        var isAcceptable: Bool
    }

    private static let models = Mutex<[[[Int]]: Model]>([:])
    /// A few hundred bytes each.
    private static let mostModels = 4096

    /// Words in the names of implementations whose results depend on the size of the map and on the number of threads: those
    /// through matrix multiplication, but for kernels of one element with channels last.
    private static let sizeDependent = "gemm,brgconv:"

    private var avoided: String { type == dnnl_f32 ? Self.sizeDependent : "gemm" }

    /// Where a grouped convolution has no implementation that is independent of size, neighbouring groups are merged, with
    /// zeros for the weights between them, until there is one.
    ///
    /// - Parameter operations: what follows the layer, if that is known; the kernel does it if it can. To describe a kernel
    ///   takes long, and this saves one.
    func choose(_ weight: Tensor, groups: Int, doing operations: [PostOperation] = []) throws -> Choice {
        let large = geometry(sizes: window.axes.map { _ in Self.largeMap })
        var weight = weight
        var model = try model(try weight.merged(groups: groups, by: 1), large)
        let factor = groups > 1 && !model.isAcceptable ? mergeFactor(weight.shape, groups: groups) : 1
        weight = try weight.merged(groups: groups, by: factor)
        if factor > 1 { model = try self.model(weight, large) }
        if let demanded, factor == 1, let orders = demanded.orders,
            let descriptor = try? descriptor(weight, large, orders, implementation: demanded.implementation),
            isAcceptable(descriptor), isExact(descriptor, orders)
        {
            model = Model(implementation: descriptor.implementation, orders: orders, isAcceptable: true)
        }

        let candidates = geometries.filter { !$0.isMaterialized || isModest($0) }
        guard let fallback = candidates.first else {
            throw TesseraError(.notSupported, "padding that takes far more memory than the map")
        }
        for geometry in candidates {
            for operations in operations.isEmpty ? [[]] : [operations, []] {
                let descriptor = try? descriptor(
                    weight, geometry, model.orders, implementation: model.implementation,
                    attributes: operations.isEmpty ? nil : Attributes(operations))
                guard let descriptor else { continue }
                return Choice(
                    descriptor: descriptor, operations: operations, weight: weight, geometry: geometry,
                    orders: model.orders)
            }
        }
        let (descriptor, orders) = try chosen(weight, fallback)
        return Choice(descriptor: descriptor, weight: weight, geometry: fallback, orders: orders)
    }

    /// The kernel for a large map, which is made only once of each kind: networks repeat their layers, and tiles those of
    /// the whole.
    private func model(_ weight: Tensor, _ large: Geometry) throws -> Model {
        let axes = window.axes.flatMap { [$0.stride, $0.dilation, $0.extent] }
        let kind = [hasBias ? 1 : 0, hasChannelsLast ? 1 : 0, Int(type.rawValue), Int(omp_get_max_threads())]
        let key = [kind, large.source, large.target, axes, weight.shape.dimensions]
        if let known = Self.models.withLock({ $0[key] }) { return known }
        let (descriptor, orders) = try chosen(weight, large)
        let model = Model(
            implementation: descriptor.implementation, orders: orders, isAcceptable: isAcceptable(descriptor))
        Self.models.withLock { models in
            if models.count >= Self.mostModels { models = [:] }
            models[key] = model
        }
        return model
    }

    /// The same kernel with what follows the layer; nil if it cannot do that.
    func adding(_ operations: [PostOperation], to choice: Choice) -> PrimitiveDescriptor? {
        if operations == choice.operations { return choice.descriptor }
        return try? descriptor(
            choice.weight, choice.geometry, choice.orders, implementation: choice.descriptor.implementation,
            attributes: Attributes(operations))
    }

    /// All kernels for maps that lie in these orders, slow ones left out.
    func candidates(_ weight: Tensor, groups: Int, _ orders: Orders) throws -> [Choice] {
        let weight = try weight.merged(groups: groups, by: 1)
        guard let geometry = geometries.first, !geometry.isMaterialized else { return [] }
        var result: [Choice] = []
        var avoided = avoided + ",ref,sse41" + (Engine.hasAVX512 ? ",avx2" : "")
        while let descriptor = try? descriptor(weight, geometry, orders, avoided: avoided),
            !isAvoided(descriptor.implementation, avoided)
        {
            if isExact(descriptor, orders) {
                result.append(Choice(descriptor: descriptor, weight: weight, geometry: geometry, orders: orders))
            }
            avoided += "," + descriptor.implementation
        }
        return result
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

    /// The kernel that is taken without any demand. Where there is AVX-512, channels come last: its kernels are as quick as with
    /// blocks, their order of additions follows from the number of channels alone, and nothing is reordered between layers.
    private func chosen(_ weight: Tensor, _ geometry: Geometry) throws -> (
        descriptor: PrimitiveDescriptor, orders: Orders?
    ) {
        let last = Orders(source: .nhwc, target: .nhwc)
        if hasChannelsLast, let descriptor = try? descriptor(weight, geometry, last), isAcceptable(descriptor),
            !Engine.hasAVX512 || descriptor.implementation.contains("avx512")
        {
            return (descriptor, last)
        }
        return (try descriptor(weight, geometry, nil), nil)
    }

    /// - Parameters:
    ///   - orders: nil for those that the kernel likes.
    ///   - implementation: its name; nil for the first that is not avoided.
    private func descriptor(
        _ weight: Tensor, _ geometry: Geometry, _ orders: Orders?, implementation: String? = nil,
        avoided: String? = nil, attributes: Attributes? = nil
    ) throws -> PrimitiveDescriptor {
        let source = try orders.map { try Layout.map(geometry.source, $0.source, type: type) }
        let target = try orders.map { try Layout.map(geometry.target, $0.target, type: type) }
        let anySource = try source ?? .any(geometry.source, type: type)
        let anyTarget = try target ?? .any(geometry.target, type: type)
        let weights = try Layout.any(weight.shape.dimensions, type: type)
        let bias = hasBias ? try Layout.plain([self.target[1]]) : nil
        return try (avoided ?? self.avoided).withCString { avoided in
            try PrimitiveDescriptor("a convolution") { descriptor, engine in
                func create(_ name: UnsafePointer<CChar>?) -> dnnl_status_t {
                    onednn_convolution(
                        &descriptor, engine, anySource.handle, weights.handle, bias?.handle, anyTarget.handle,
                        window.axes.map(\.stride).int64, window.axes.map { $0.dilation - 1 }.int64,
                        geometry.padding.map(\.before).int64, geometry.padding.map(\.after).int64,
                        attributes?.handle, onednn_wish(avoided: avoided, name: name))
                }
                return implementation.map { $0.withCString(create) } ?? create(nil)
            }
        }
    }

    /// False for kernels that are avoided, and for the slow reference that is left when they are.
    private func isAcceptable(_ descriptor: PrimitiveDescriptor) -> Bool {
        !isAvoided(descriptor.implementation, avoided + ",ref")
    }

    /// Whether it adds in the same order whatever the size of the map: in blocks, kernels of one element add channels in parts whose
    /// number follows from that.
    private func isExact(_ descriptor: PrimitiveDescriptor, _ orders: Orders) -> Bool {
        type != dnnl_f32 || !descriptor.implementation.hasPrefix("jit_1x1:avx512") || orders.source == .nhwc
    }

    /// How many groups to merge so that each has a multiple of 16 channels, which direct kernels take; all if none fits.
    private func mergeFactor(_ weight: Shape, groups: Int) -> Int {
        let (outputs, inputs) = (weight[0] / groups, weight[1])
        let fitting = (2...groups).first { groups % $0 == 0 && outputs * $0 % 16 == 0 && inputs * $0 % 16 == 0 }
        return fitting ?? groups
    }
}

private func isAvoided(_ name: String, _ words: String) -> Bool { onednn_is_avoided(name, words) != 0 }

extension KernelChoice {
    /// nil for layouts that are none of oneDNN's.
    fileprivate var orders: Convolution.Orders? {
        guard let source = MapOrder(rawValue: source), let target = MapOrder(rawValue: target) else { return nil }
        return Convolution.Orders(source: source, target: target)
    }
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
