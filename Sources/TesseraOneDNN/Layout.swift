import CKernels
import COneDNN
import TesseraCore

/// How the elements of a tensor lie in memory: oneDNN's memory descriptor.
///
/// `@unchecked Sendable`: the descriptor is never changed after it was made.
final class Layout: @unchecked Sendable, Equatable {
    let handle: onednn_desc_t
    let dimensions: [Int]

    private init(handle: onednn_desc_t, dimensions: [Int]) {
        self.handle = handle
        self.dimensions = dimensions
    }

    deinit { onednn_desc_destroy(handle) }

    var byteCount: Int { onednn_desc_size(handle) }
    /// oneDNN's description as bytes: the same for the same layout.
    var bytes: [UInt8] { Array(UnsafeRawBufferPointer(start: handle, count: MemoryLayout<dnnl_memory_desc_t>.size)) }
    /// The type of the elements.
    var type: dnnl_data_type_t { onednn_desc_type(handle) }
    /// Elements, those that fill up the last block among them.
    var elementCount: Int { byteCount / Layout.size(of: type) }

    static func size(of type: dnnl_data_type_t) -> Int {
        switch type {
        case dnnl_f32: 4
        case dnnl_bf16, dnnl_f16: 2
        default: 1
        }
    }

    static func == (a: Layout, b: Layout) -> Bool { onednn_desc_equal(a.handle, b.handle) != 0 }

    /// Dense and row-major, or with the given distance between elements along each axis.
    static func plain(_ dimensions: [Int], strides: [Int]? = nil, type: dnnl_data_type_t = dnnl_f32) throws -> Layout {
        try make(dimensions) {
            onednn_desc_create(&$0, Int32(dimensions.count), dimensions.int64, type, strides?.int64)
        }
    }

    /// Dense, with one axis as the innermost, the others in order.
    static func plain(
        _ dimensions: [Int], innermost axis: Int, type: dnnl_data_type_t = dnnl_f32
    ) throws -> Layout {
        var strides = dimensions
        var stride = 1
        for axis in [axis] + dimensions.indices.reversed().filter({ $0 != axis }) {
            strides[axis] = stride
            stride = Shape.saturatingProduct(stride, dimensions[axis])
        }
        return try plain(dimensions, strides: strides, type: type)
    }

    /// A map whose channels lie in the given order.
    static func map(_ dimensions: [Int], _ order: MapOrder, type: dnnl_data_type_t = dnnl_f32) throws -> Layout {
        switch order {
        case .nchw: try plain(dimensions, type: type)
        case .nhwc: try plain(dimensions, innermost: 1, type: type)
        case .nChw8c: try blocked(dimensions, 8, type: type)
        case .nChw16c: try blocked(dimensions, 16, type: type)
        }
    }

    private static func blocked(_ dimensions: [Int], _ block: Int, type: dnnl_data_type_t) throws -> Layout {
        try make(dimensions) {
            onednn_desc_create_channel_blocks(&$0, Int32(dimensions.count), dimensions.int64, type, Int64(block))
        }
    }

    /// Bytes that oneDNN only carries about: elements of other types than f32, scalars, and tensors without elements.
    static func raw(byteCount: Int) throws -> Layout {
        try make([max(1, byteCount)]) { onednn_desc_create(&$0, 1, [Int64(max(1, byteCount))], dnnl_u8, nil) }
    }

    /// For the primitive to choose.
    static func any(_ dimensions: [Int], type: dnnl_data_type_t = dnnl_f32) throws -> Layout {
        try make(dimensions) { onednn_desc_create_any(&$0, Int32(dimensions.count), dimensions.int64, type) }
    }

    /// The same layout for elements of another type.
    func typed(_ type: dnnl_data_type_t) throws -> Layout {
        self.type == type ? self : try Layout.make(dimensions) { onednn_desc_create_typed(&$0, handle, type) }
    }

    /// Other sizes with this layout's order and blocks.
    func like(_ dimensions: [Int]) throws -> Layout {
        try Layout.make(dimensions) { onednn_desc_create_like(&$0, handle, dimensions.int64) }
    }

    /// The box at `offsets` within this layout.
    func box(_ dimensions: [Int], at offsets: [Int]) throws -> Layout {
        try Layout.make(dimensions) { onednn_desc_create_box(&$0, handle, dimensions.int64, offsets.int64) }
    }

    /// Every `steps`-th pixel of this layout from `offsets` on, along the axes after batch and channels.
    func stepping(_ steps: [Int], from offsets: [Int], counts: [Int]) throws -> Layout {
        let dimensions = dimensions.prefix(2) + counts
        return try Layout.make(Array(dimensions)) {
            onednn_desc_create_steps(
                &$0, handle, Array(dimensions).int64, ([0, 0] + offsets).int64, ([1, 1] + steps).int64)
        }
    }

    /// How numbers that lie in this layout come to lie in another; nil for types and layouts that are more than blocks of
    /// f32.
    func blocks(in target: Layout) -> ck_blocks? {
        var found = onednn_blocks()
        guard onednn_find_blocks(handle, target.handle, &found) != 0 else { return nil }
        return ck_blocks(
            rank: found.rank, sizes: found.sizes, source: found.source, target: found.target, axis: found.axis,
            block: found.block)
    }

    /// What a primitive chose for one of its operands, or for one of several of a kind.
    static func of(
        _ primitive: PrimitiveDescriptor, _ what: dnnl_query_t, _ dimensions: [Int], index: Int32 = 0
    ) throws -> Layout {
        try make(dimensions) { onednn_query_desc(&$0, primitive.handle, what, index) }
    }

    private static func make(_ dimensions: [Int], _ create: (inout onednn_desc_t?) -> dnnl_status_t) throws -> Layout {
        var handle: onednn_desc_t?
        try check(create(&handle), "describing memory of \(Shape(dimensions))")
        guard let handle else { throw TesseraError(.backendFailure, "oneDNN gave no memory descriptor") }
        return Layout(handle: handle, dimensions: dimensions)
    }
}

/// How the channels of a map lie in memory.
enum MapOrder: String, CaseIterable {
    case nchw, nhwc, nChw8c, nChw16c
}

extension [Int] {
    var int64: [Int64] { map(Int64.init) }
}
