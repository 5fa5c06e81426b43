import Foundation
import Synchronization
import TesseraCore
import TesseraNetwork

/// A file of compressed weights that is open for reading. All tensors are decoded when the first is asked for, several at once.
public final class CompressedWeightFile: WeightFile {
    public let index: CompressedWeightIndex
    private let content: any WeightBytes
    private let codecs: Registry<any WeightCodec>
    private let layouts: Registry<any WeightLayout>
    private let threads: Int
    /// Where the parts of each layer begin, then where the exact tensors do.
    private let offsets: [Int]
    private let decoded = Mutex<[String: Tensor]?>(nil)

    /// Opens a file and checks that it is whole.
    ///
    /// - Parameters:
    ///   - layouts: where layouts that are not built in are looked up.
    ///   - threads: those that decode.
    /// - Throws: `inputOutput` if it cannot be read; `malformedFile` with the layer that is damaged or cut off.
    public convenience init(
        path: String, codecs: Registry<any WeightCodec>, layouts: Registry<any WeightLayout> = .builtin, threads: Int
    ) throws {
        try self.init(MappedFile(path: path), named: "'\(path)'", codecs, layouts, threads: threads)
    }

    /// The same for the bytes of such a file.
    ///
    /// - Parameter indexLimit: the most bytes that its index may unpack to.
    public convenience init(
        bytes: [UInt8], named name: String, codecs: Registry<any WeightCodec>,
        layouts: Registry<any WeightLayout> = .builtin, threads: Int, indexLimit: Int = .max
    ) throws {
        try self.init(bytes, named: name, codecs, layouts, threads: threads, indexLimit: indexLimit)
    }

    private init(
        _ content: any WeightBytes, named name: String, _ codecs: Registry<any WeightCodec>,
        _ layouts: Registry<any WeightLayout>, threads: Int, indexLimit: Int = .max
    ) throws {
        (self.content, self.codecs, self.layouts, self.threads) = (content, codecs, layouts, max(1, threads))
        let (index, end) = try content.withBytes { bytes in
            try Self.readIndex(bytes, named: name, limit: indexLimit)
        }
        self.index = index
        try Self.checkEntries(index)
        var (offsets, place) = ([Int](), end)
        let count = content.withBytes { $0.count }
        for layer in index.layers {
            offsets.append(place)
            place = layer.parts.reduce(place) { Shape.saturatingSum($0, $1.byteCount) }
            guard place <= count else { throw Self.cutOff(layer.name, name) }
        }
        offsets.append(place)
        place = Shape.saturatingSum(place, index.exact?.byteCount ?? 0)
        guard place <= count else { throw Self.cutOff(index.exact?.members.first?.name ?? "", name) }
        guard place == count else {
            throw TesseraError(.malformedFile, "\(name): expected \(place) bytes, found \(count)")
        }
        self.offsets = offsets
    }

    /// Checks what the index says of all tensors together; their decoders check what it says of each.
    private static func checkEntries(_ index: CompressedWeightIndex) throws {
        var names: Set<String> = []
        for name in index.layers.map(\.name) + (index.exact?.members.map(\.name) ?? [])
        where !names.insert(name).inserted {
            throw TesseraError(
                .malformedFile, "expected each tensor once, found a second one of the same name", path: name)
        }
        func check(_ byteCount: Int, _ name: String) throws {
            guard byteCount >= 0 else {
                throw TesseraError(.malformedFile, "expected at least 0 bytes, found \(byteCount)", path: name)
            }
        }
        for layer in index.layers {
            for part in layer.parts { try check(part.byteCount, layer.name) }
        }
        if let exact = index.exact { try check(exact.byteCount, exact.members.first?.name ?? "") }
    }

    private static func cutOff(_ layer: String, _ file: String) -> TesseraError {
        TesseraError(.malformedFile, "\(file) is cut off: its compressed weights go beyond the end", path: layer)
    }

    private static func readIndex(
        _ bytes: UnsafeRawBufferPointer, named name: String, limit: Int
    ) throws -> (CompressedWeightIndex, Int) {
        func malformed(_ message: String) -> TesseraError {
            TesseraError(.malformedFile, "\(name) is not a valid file of compressed weights: \(message)")
        }
        let magic = CompressedWeights.magic
        guard bytes.count >= CompressedWeights.headerSize, bytes.prefix(magic.count).elementsEqual(magic) else {
            throw malformed("expected it to begin with '\(String(decoding: magic, as: UTF8.self))'")
        }
        func number(_ offset: Int) -> UInt32 {
            UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        }
        guard number(8) == CompressedWeights.version else {
            throw TesseraError(
                .notSupported,
                "\(name): expected version \(CompressedWeights.version) of the format, found \(number(8))")
        }
        let start = CompressedWeights.headerSize
        let (length, plainLength) = (Int(number(12)), Int(number(16)))
        guard length <= bytes.count - start else { throw malformed("the index is cut off") }
        let limit = min(limit, CompressedWeights.indexLimit(codedByteCount: length))
        guard plainLength <= limit else {
            throw malformed("expected an index of at most \(limit) bytes unpacked, found \(plainLength)")
        }
        let coded = UnsafeRawBufferPointer(rebasing: bytes[start..<start + length])
        guard ShortHash(of: Array(bytes[8..<20]) + Array(coded)).bytes.elementsEqual(bytes[start - 16..<start]) else {
            throw malformed("the index is damaged: it does not have the hash that stands before it")
        }
        do {
            let plain = try XZStream.decode(coded, limit: plainLength)
            return (try JSONDecoder().decode(CompressedWeightIndex.self, from: Data(plain)), start + length)
        } catch {
            throw TesseraError(
                .malformedFile, "\(name) is not a valid file of compressed weights: its index cannot be read",
                cause: error)
        }
    }

    public var names: [String] {
        (index.layers.map(\.name) + (index.exact?.members.map(\.name) ?? [])).sorted()
    }

    public func tensor(_ name: String) throws -> Tensor {
        let tensors = try tensors()
        guard let tensor = tensors[name] else {
            let hint = suggestion(for: name, among: tensors.keys.sorted())
            throw TesseraError(.notFound, "the compressed weights have no '\(name)'" + hint)
        }
        return tensor
    }

    /// All tensors by name.
    ///
    /// - Throws: `malformedFile` with the layer that is damaged; `notFound` or `notSupported` for a codec or a layout
    ///   that is not here.
    public func tensors() throws -> [String: Tensor] {
        try decoded.withLock { decoded in
            if let decoded { return decoded }
            let tensors = try decodeAll()
            decoded = tensors
            return tensors
        }
    }

    /// A layer as a file of its own, as it is compressed here.
    public func file(of layer: Int) throws -> [UInt8] {
        var place = offsets[layer]
        let parts = index.layers[layer].parts.map { part in
            defer { place += part.byteCount }
            return content.withBytes { Array($0[place..<place + part.byteCount]) }
        }
        return try CompressedWeights(index.layers[layer], parts).encoded()
    }

    // MARK: Decoding

    /// A run of parts of one layer that one thread decodes.
    private struct Job: Sendable {
        /// The place of the layer among those that are decoded together.
        let place: Int
        let parts: Range<Int>
        let offset: Int
    }

    private func decodeAll() throws -> [String: Tensor] {
        var result: [String: Tensor] = [:]
        for layers in batches { result.merge(try decode(layers)) { first, _ in first } }
        if let exact = index.exact {
            let own = try content.withBytes { bytes in
                try ExactTensors.decode(
                    exact, UnsafeRawBufferPointer(rebasing: bytes[offsets[index.layers.count]...]),
                    codec: codecs.make(exact.codec))
            }
            result.merge(own) { first, _ in first }
        }
        return result
    }

    /// The most weights of layers whose layouts are not built in that are decoded together: these layouts list the places of all samples.
    private static let batchLimit = 1 << 24

    /// The layers that are decoded together.
    private var batches: [[Int]] {
        var batches = [index.layers.indices.filter { !index.layers[$0].layout.isRegistered }]
        var room = 0
        for layer in index.layers.indices where index.layers[layer].layout.isRegistered {
            let count = max(0, Shape(index.layers[layer].shape).elementCount)
            if count > room {
                batches.append([])
                room = Self.batchLimit
            }
            batches[batches.count - 1].append(layer)
            room -= count
        }
        return batches
    }

    private func decode(_ layers: [Int]) throws -> [String: Tensor] {
        let entries = layers.map { index.layers[$0] }
        let decoders = try entries.map { entry in
            try locatingErrors(path: entry.name) {
                try LayerDecoder(entry, codec: codecs.make(entry.codec)) {
                    try entry.layout.frames(of: $0, by: layouts, layer: entry.name)
                }
            }
        }
        let buffers = try entries.map { entry in
            try locatingErrors(path: entry.name) { try DecodingBuffer(entry) }
        }
        let all = layers.indices.flatMap { jobs(of: layers[$0], at: $0) }
        _ = try all.concurrentlyMapped(threads: threads) { job in
            try content.withBytes { bytes in
                var offset = job.offset
                for part in job.parts {
                    let count = entries[job.place].parts[part].byteCount
                    let own = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
                    try decoders[job.place].decode(part: part, own, into: buffers[job.place].bytes)
                    offset += count
                }
            }
        }
        let tensors = try layers.indices.map { $0 }.concurrentlyMapped(threads: threads) { place in
            decoders[place].finish(buffers[place].bytes)
            let tensor = try buffers[place].tensor()
            try decoders[place].check(tensor)
            return tensor
        }
        return Dictionary(zip(entries.map(\.name), tensors)) { first, _ in first }
    }

    private func jobs(of layer: Int, at place: Int) -> [Job] {
        let entry = index.layers[layer]
        // Integers of several parts may share a byte.
        guard entry.integerBits ?? 8 == 8 else {
            return [Job(place: place, parts: entry.parts.indices, offset: offsets[layer])]
        }
        var offset = offsets[layer]
        return entry.parts.indices.map { part in
            defer { offset += entry.parts[part].byteCount }
            return Job(place: place, parts: part..<part + 1, offset: offset)
        }
    }
}

/// The memory of a tensor that several threads decode into.
///
/// `@unchecked Sendable`: every thread writes to places of its own, and all are through before anybody reads.
private final class DecodingBuffer: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer
    private let shape: Shape
    private let type: ElementType

    /// - Parameter layer: its decoder has checked it.
    init(_ layer: CompressedWeightIndex.Layer) throws {
        (shape, type) = (Shape(layer.shape), layer.type)
        let count = Shape.saturatingProduct(shape.elementCount, type.byteCount)
        var pointer: UnsafeMutableRawPointer?
        guard count < Tensor.byteCountLimit, posix_memalign(&pointer, Tensor.alignment, max(count, 1)) == 0, let pointer
        else { throw TesseraError(.outOfMemory, "a tensor of \(count) bytes does not fit in memory") }
        // Integers of few bits are put together in bytes.
        if let bits = layer.integerBits, bits < 8 { memset(pointer, 0, count) }
        bytes = UnsafeMutableRawBufferPointer(start: pointer, count: count)
    }

    deinit { free(bytes.baseAddress) }

    func tensor() throws -> Tensor {
        try Tensor(borrowing: UnsafeRawBufferPointer(bytes), shape: shape, elementType: type, owner: self)
    }
}

/// Bytes that stay where they are.
private protocol WeightBytes: Sendable {
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result
}

extension MappedFile: WeightBytes {
    fileprivate func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try body(bytes)
    }
}

extension [UInt8]: WeightBytes {
    fileprivate func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withUnsafeBytes(body)
    }
}

/// Lets networks read their weights from such files.
public struct CompressedWeightFormat: WeightFileFormat {
    private let codecs: Registry<any WeightCodec>
    private let layouts: Registry<any WeightLayout>

    public init(codecs: Registry<any WeightCodec>, layouts: Registry<any WeightLayout> = .builtin) {
        (self.codecs, self.layouts) = (codecs, layouts)
    }

    public var fileExtension: String { CompressedWeights.fileExtension }

    public func open(_ path: String) throws -> any WeightFile {
        try CompressedWeightFile(
            path: path, codecs: codecs, layouts: layouts, threads: ProcessInfo.processInfo.activeProcessorCount)
    }
}
