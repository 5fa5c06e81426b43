// A partition strategy in Swift: strips of the same height, put together after every layer of some kinds.
//
// No type of Swift crosses the interface: what Tessera calls are C functions, and all that it is given are C structures.

import CTesseraPlugin
import Glibc

/// The host's functions, set when the library is registered and constant from then on.
nonisolated(unsafe) private var host: UnsafePointer<tessera_host>!

/// A text that stays as long as the process runs, as the header wants it of descriptors.
private func permanent(_ text: String) -> UnsafePointer<CChar> { UnsafePointer(strdup(text)) }

/// A structure that stays as long as the process runs.
private func permanent<Value>(_ value: Value) -> UnsafePointer<Value> {
    let memory = UnsafeMutablePointer<Value>.allocate(capacity: 1)
    memory.initialize(to: value)
    return UnsafePointer(memory)
}

/// The kinds of layers after which the maps are put together.
private func cutKinds(_ options: OpaquePointer?) -> [String] {
    var kinds: UnsafePointer<UnsafePointer<CChar>?>?
    let count = host.pointee.option_texts(options, "cut_after", &kinds)
    return (0..<count).compactMap { kinds?[$0].map { String(cString: $0) } }
}

/// The region of a map from one row to another.
private func strip(_ shape: tessera_shape, rows: Range<Int64>) -> tessera_region {
    var region = tessera_region()
    region.rank = shape.rank
    region.end = shape.sizes
    (region.start.2, region.end.2) = (rows.lowerBound, rows.upperBound)
    return region
}

private func partition(
    _ options: OpaquePointer?, _ span: tessera_span, _ planner: OpaquePointer?,
    _ error: UnsafeMutablePointer<tessera_error>?
) -> tessera_status {
    let kinds = cutKinds(options)
    let nodes = Int64(span.node_count)
    for index in 0..<Int(span.cut_point_count) {
        let cut = span.cut_points[index]
        guard let value = span.values[Int(cut)]?.pointee else { continue }
        let kind = value.kind.map { String(cString: $0) } ?? ""
        guard index + 1 == Int(span.cut_point_count) || kinds.contains(kind) else { continue }
        var status = host.pointee.begin_stage(planner, cut, error)
        guard status == TESSERA_OK else { return status }
        let rows = value.shape.sizes.2
        for node in 0..<nodes {
            // A map with fewer rows than there are nodes leaves some of them without: empty regions are passed over.
            var region = strip(value.shape, rows: rows * node / nodes..<rows * (node + 1) / nodes)
            status = host.pointee.add_tile(planner, UInt32(node), &region, error)
            guard status == TESSERA_OK else { return status }
        }
    }
    return tessera_status(TESSERA_OK)
}

nonisolated(unsafe) private let strategy: UnsafePointer<tessera_strategy> = {
    var table = tessera_strategy()
    table.size = UInt32(MemoryLayout<tessera_strategy>.size)
    table.kind = Int32(TESSERA_STRATEGY)
    table.partition = { options, span, planner, error in
        guard let span else { return tessera_status(TESSERA_INVALID_ARGUMENT) }
        return partition(options, span.pointee, planner, error)
    }
    return permanent(table)
}()

nonisolated(unsafe) private let descriptor: UnsafePointer<tessera_descriptor> = {
    var descriptor = tessera_descriptor()
    descriptor.magic = TESSERA_PLUGIN_MAGIC
    descriptor.abi_major = UInt32(TESSERA_ABI_MAJOR)
    descriptor.abi_minor = UInt32(TESSERA_ABI_MINOR)
    descriptor.size = UInt32(MemoryLayout<tessera_descriptor>.size)
    descriptor.kind = Int32(TESSERA_STRATEGY)
    descriptor.name = permanent("height-strips")
    descriptor.summary = permanent("strips of the same height, put together after every max pool")
    descriptor.version = permanent("1.0")
    descriptor.options = permanent(
        tessera_option(
            name: permanent("cut_after"), type: Int32(TESSERA_TEXTS), initial: permanent("[max_pool]"),
            summary: permanent("kinds of layers after which the maps are put together")))
    descriptor.option_count = 1
    descriptor.option_size = UInt32(MemoryLayout<tessera_option>.size)
    descriptor.register_module = { ownHost, table, _ in
        host = ownHost
        table?.pointee = UnsafeRawPointer(strategy)
        return tessera_status(TESSERA_OK)
    }
    return permanent(descriptor)
}()

@_cdecl("tessera_plugin")
public func tesseraPlugin() -> UnsafePointer<tessera_descriptor> { descriptor }
