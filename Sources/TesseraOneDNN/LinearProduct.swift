import CKernels
import COneDNN
import TesseraCore
import TesseraRuntime

/// Linear layers, see `ck_product`: their weights come from memory faster than to oneDNN's kernels, and in 16 bits where it would read
/// 32. In f32 it takes all of them, since a choice that depended on the number of rows would make tiles differ from the whole.
struct LinearProduct: OwnKernel {
    /// In 16 bits. With more rows, each weight that comes from memory is used so often that computing takes longer.
    static let mostRows = 8

    let implementation = "product"
    let work: OwnWork
    let source: Layout
    let target: Layout

    /// - Parameters:
    ///   - source: the shape of the input, whose last axis is the features.
    ///   - target: that of the output.
    ///   - type: of the elements that it reads and writes.
    /// - Returns: nil for what it does not compute.
    init?(source: [Int], target: [Int], type: dnnl_data_type_t, precision: Precision) throws {
        guard Engine.hasAVX2, let features = source.last, let outputs = target.last else { return nil }
        let rows = source.dropLast().reduce(1, Shape.saturatingProduct)
        guard rows > 0, features > 0, precision == .f32 || rows <= Self.mostRows else { return nil }
        var work = ck_product()
        (work.map.batch, work.map.channels, work.map.outputs) = (Int64(rows), Int64(features), Int64(outputs))
        work.map.storage = type == dnnl_bf16 ? ck_bf16 : ck_f32
        (work.precision, work.is_wide) = (ck_precision(precision), Engine.hasAVX512 ? 1 : 0)
        self.work = .product(work)
        self.source = try Layout.plain(source, type: type)
        self.target = try Layout.plain(target, type: type)
    }
}
