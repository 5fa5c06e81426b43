import CKernels
import COneDNN
import Synchronization
import TesseraCore
import TesseraRuntime

/// Weights in the layouts that primitives want. Programs that want the same weight in the same layout share it: sessions of one
/// network for several input shapes, nodes in one process.
final class PackedWeights: Sendable {
    static let shared = PackedWeights()

    /// How a kernel of our own wants weights.
    struct Packing {
        /// Whether `pack` rounds the numbers itself, so that no rounded copy is made.
        var isRounding = false
        /// Fills a target of so many floats, given the numbers of the tensor, which need not be aligned.
        var pack: (UnsafeRawPointer, UnsafeMutablePointer<Float>) -> Void
    }

    private struct Key: Hashable {
        /// Where the elements are, which is theirs as long as `Entry.owner` lives.
        var address: Int
        var byteCount: Int
        var source: Layout
        var target: Layout
        var precision: Precision

        /// Few keys have the same address, and layouts are long.
        func hash(into hasher: inout Hasher) { hasher.combine(address) }
    }

    /// `@unchecked Sendable`: both are only looked at under the lock, and what they refer to may be used from any thread.
    private struct Entry: @unchecked Sendable {
        weak var owner: AnyObject?
        weak var allocation: Allocation?
    }

    private struct Entries {
        var byKey: [Key: Entry] = [:]
        /// How many there may be before those that nobody uses any more are dropped.
        var limit = 64

        mutating func add(_ entry: Entry, for key: Key) {
            if byKey.count >= limit {
                byKey = byKey.filter { $0.value.allocation != nil }
                limit = max(64, 2 * byKey.count)
            }
            byKey[key] = entry
        }
    }

    private let entries = Mutex(Entries())

    /// - Parameters:
    ///   - source: how the tensor's own elements are to be read.
    ///   - packing: nil for a reorder.
    ///   - pages: where they lie if they are not there yet.
    func weights(
        _ tensor: Tensor, as source: Layout, in target: Layout, rounding precision: Precision,
        packing: Packing? = nil, pages: SharedPages, stream: Stream
    ) throws -> Allocation {
        let key = Key(
            address: tensor.withUnsafeBytes { Int(bitPattern: $0.baseAddress) }, byteCount: tensor.byteCount,
            source: source, target: target, precision: precision)
        let owner = tensor.memoryOwner
        if let entry = entries.withLock({ $0.byKey[key] }), entry.owner === owner, let allocation = entry.allocation {
            return allocation
        }
        let allocation: Allocation
        if let packing {
            let numbers = packing.isRounding ? tensor : try tensor.rounded(to: precision)
            allocation = try pack(numbers, in: target, pages, by: packing)
            // What is rounded may be a copy.
            tensor.discardMemory()
        } else {
            allocation = try pack(tensor, as: source, in: target, pages, stream)
            if precision != .f32, target.type == dnnl_f32 {
                let count = allocation.byteCount / MemoryLayout<Float>.size
                ck_round(
                    allocation.address.assumingMemoryBound(to: Float.self), Int64(count), ck_precision(precision), 1)
            }
        }
        entries.withLock { $0.add(Entry(owner: owner, allocation: allocation), for: key) }
        return allocation
    }

    private func pack(
        _ tensor: Tensor, in target: Layout, _ pages: SharedPages, by packing: Packing
    ) throws -> Allocation {
        guard tensor.elementType == .f32 else {
            throw TesseraError(.backendFailure, "expected a weight of f32, found \(tensor.elementType)")
        }
        let allocation = try pages.allocate(byteCount: target.byteCount)
        tensor.withUnsafeBytes { numbers in
            guard let start = numbers.baseAddress else { return }
            packing.pack(start, allocation.address.assumingMemoryBound(to: Float.self))
        }
        return allocation
    }

    /// From here on oneDNN's reorders, for which it has to make code first, are the faster ones.
    private static let largeByteCount = 1 << 20

    /// Weights of f32 that are small, or that oneDNN would need an aligned copy of, are packed without it.
    private func pack(
        _ tensor: Tensor, as source: Layout, in target: Layout, _ pages: SharedPages, _ stream: Stream
    ) throws -> Allocation {
        guard tensor.byteCount == source.byteCount else {
            throw TesseraError(
                .backendFailure, "expected a weight of \(source.byteCount) bytes, found \(tensor.byteCount)")
        }
        // The packed weights are what programs read from now on.
        defer { tensor.discardMemory() }
        let allocation = try pages.allocate(byteCount: target.byteCount)
        if source == target {
            tensor.withUnsafeBytes {
                UnsafeMutableRawBufferPointer(start: allocation.address, count: $0.count).copyMemory(from: $0)
            }
            return allocation
        }
        let isSlow = tensor.byteCount < Self.largeByteCount || !tensor.isAligned(for: Float.self)
        if isSlow, let blocks = source.blocks(in: target) {
            tensor.withUnsafeBytes { numbers in
                guard let start = numbers.baseAddress else { return }
                withUnsafePointer(to: blocks) {
                    ck_pack($0, start, allocation.address.assumingMemoryBound(to: Float.self))
                }
            }
            return allocation
        }
        let memory = try Memory(target, at: allocation.address)
        func withAddress(_ body: (UnsafeRawPointer) throws -> Void) throws {
            if source.type == dnnl_f32 {
                try tensor.withElements(as: Float.self) { if let start = $0.baseAddress { try body(start) } }
            } else {
                try tensor.withUnsafeBytes { if let start = $0.baseAddress { try body(start) } }
            }
        }
        try withAddress { address in
            let descriptor = try PrimitiveDescriptor("a reorder of weights") {
                onednn_reorder(&$0, $1, source.handle, target.handle)
            }
            // The reorder only reads its source.
            let from = try Memory(source, at: UnsafeMutableRawPointer(mutating: address))
            let scratch = try Layout.of(descriptor, dnnl_query_scratchpad_md, [])
            let room = try Allocation(byteCount: scratch.byteCount)
            let temporary = try Memory(scratch, at: room.address)
            try stream.execute(
                try Primitive(descriptor),
                [
                    dnnl_exec_arg_t(arg: DNNL_ARG_FROM, memory: from.handle),
                    dnnl_exec_arg_t(arg: DNNL_ARG_TO, memory: memory.handle),
                    dnnl_exec_arg_t(arg: DNNL_ARG_SCRATCHPAD, memory: temporary.handle),
                ])
        }
        return allocation
    }
}
