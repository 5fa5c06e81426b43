import TesseraCore

/// Tensors that are kept as they are, coded together: of elements of the same size, all first bytes, then all second ones, and so on,
/// since the first ones of floating-point numbers are alike and the last ones are noise.
struct ExactTensors: Sendable {
    var entry: CompressedWeightIndex.Exact
    var bytes: [UInt8]

    private static let sizes = [8, 4, 2, 1]

    /// - Parameter codec: a lossless one for bytes.
    init(_ tensors: [(name: String, tensor: Tensor)], codecName: String, codec: any WeightCodec) throws {
        let members = tensors.map {
            CompressedWeightIndex.Exact.Member(
                name: $0.name, shape: $0.tensor.shape.dimensions, type: $0.tensor.elementType)
        }
        var bytes: [UInt8] = []
        for size in Self.sizes {
            let own = tensors.filter { $0.tensor.elementType.byteCount == size }.flatMap {
                $0.tensor.withUnsafeBytes(Array.init)
            }
            guard !own.isEmpty else { continue }
            for plane in 0..<size {
                let samples = stride(from: plane, to: own.count, by: size).map { UInt16(own[$0]) }
                let format = FrameFormat(width: samples.count, height: 1, bits: 8)
                let coded = try codec.encode(WeightFrames(format, samples: samples))
                // What does not become smaller stays as it is.
                let isCoded = coded.count < samples.count
                let content = isCoded ? coded : samples.map { UInt8(truncatingIfNeeded: $0) }
                withUnsafeBytes(of: UInt32(content.count).littleEndian) { bytes += $0 }
                bytes += content
            }
        }
        self.bytes = bytes
        entry = .init(members: members, codec: codecName, byteCount: bytes.count, hash: ShortHash(of: bytes))
    }

    /// The tensors that the bytes hold.
    static func decode(
        _ entry: CompressedWeightIndex.Exact, _ bytes: UnsafeRawBufferPointer, codec: any WeightCodec
    ) throws -> [String: Tensor] {
        guard ShortHash(of: bytes) == entry.hash else {
            throw damaged(entry, "they do not have the hash that the index says")
        }
        var rest = bytes[...]
        var tensors: [String: Tensor] = [:]
        for size in sizes {
            let members = entry.members.filter { $0.type.byteCount == size }
            let count = members.reduce(0) { Shape.saturatingSum($0, Shape($1.shape).elementCount) }
            guard count > 0, count < Tensor.byteCountLimit, bytes.count > 0 else {
                for member in members {
                    tensors[member.name] = try Tensor(zeros: Shape(member.shape), elementType: member.type)
                }
                continue
            }
            var planes: [[UInt16]] = []
            for _ in 0..<size { planes.append(try plane(&rest, count: count, codec, entry)) }
            var start = 0
            for member in members {
                var tensor = try Tensor(zeros: Shape(member.shape), elementType: member.type)
                tensor.withUnsafeMutableBytes { target in
                    for index in target.indices {
                        target[index] = UInt8(truncatingIfNeeded: planes[index % size][start + index / size])
                    }
                }
                start += tensor.elementCount
                tensors[member.name] = tensor
            }
        }
        return tensors
    }

    private static func plane(
        _ rest: inout Slice<UnsafeRawBufferPointer>, count: Int, _ codec: any WeightCodec,
        _ entry: CompressedWeightIndex.Exact
    ) throws -> [UInt16] {
        guard rest.count >= 4 else { throw damaged(entry, "they are cut off") }
        let length = Int(
            UInt32(littleEndian: UnsafeRawBufferPointer(rebasing: rest).loadUnaligned(as: UInt32.self)))
        rest = rest.dropFirst(4)
        guard length <= rest.count, length <= count else { throw damaged(entry, "they are cut off") }
        defer { rest = rest.dropFirst(length) }
        let content = UnsafeRawBufferPointer(rebasing: rest.prefix(length))
        guard length < count else { return content.map(UInt16.init) }
        return try codec.decode(content, as: FrameFormat(width: count, height: 1, bits: 8)).samples
    }

    private static func damaged(_ entry: CompressedWeightIndex.Exact, _ reason: String) -> TesseraError {
        let names = entry.members.prefix(2).map(\.name).joined(separator: ", ")
        let others = entry.members.count > 2 ? " and \(entry.members.count - 2) others" : ""
        return TesseraError(
            .malformedFile, "the weights that are kept exactly are damaged: \(reason)", path: names + others)
    }
}
