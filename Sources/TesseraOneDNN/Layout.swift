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

    static func == (a: Layout, b: Layout) -> Bool { onednn_desc_equal(a.handle, b.handle) != 0 }

    /// Dense and row-major, or with the given distance between elements along each axis.
    static func plain(_ dimensions: [Int], strides: [Int]? = nil) throws -> Layout {
        try make(dimensions) {
            onednn_desc_create(&$0, Int32(dimensions.count), dimensions.int64, dnnl_f32, strides?.int64)
        }
    }

    /// Dense, with one axis as the innermost, the others in order.
    static func plain(_ dimensions: [Int], innermost axis: Int) throws -> Layout {
        var strides = dimensions
        var stride = 1
        for axis in [axis] + dimensions.indices.reversed().filter({ $0 != axis }) {
            strides[axis] = stride
            stride *= dimensions[axis]
        }
        return try plain(dimensions, strides: strides)
    }

    /// Bytes that oneDNN only carries about: elements of other types than f32, scalars, and tensors without elements.
    static func raw(byteCount: Int) throws -> Layout {
        try make([max(1, byteCount)]) { onednn_desc_create(&$0, 1, [Int64(max(1, byteCount))], dnnl_u8, nil) }
    }

    /// For the primitive to choose.
    static func any(_ dimensions: [Int]) throws -> Layout {
        try make(dimensions) { onednn_desc_create_any(&$0, Int32(dimensions.count), dimensions.int64, dnnl_f32) }
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

extension [Int] {
    var int64: [Int64] { map(Int64.init) }
}
