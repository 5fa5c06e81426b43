import TesseraCore

/// Tensors that are kept as they are, coded together: of elements of the same size, all first bytes, then all second ones, and so on,
/// since the first ones of floating-point numbers are alike and the last ones are noise.
public struct ExactTensors: Sendable {
    var entry: CompressedWeightIndex.Exact
    var bytes: [UInt8]

    private static let sizes = [8, 4, 2, 1]

    /// - Parameter codec: a lossless one for bytes.
    /// - Throws: `invalidArgument` for a codec that is lossy; `limitExceeded` for more elements than one call of a codec takes.
    public init(_ tensors: [(name: String, tensor: Tensor)], codecName: String, codec: any WeightCodec) throws {
        guard codec.isLossless else {
            throw TesseraError(
                .invalidArgument, "expected a lossless codec for what is kept exactly, found '\(codecName)'")
        }
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
            guard own.count / size <= WeightCodecLimits.largestPart else {
                throw TesseraError(
                    .limitExceeded,
                    "expected at most \(WeightCodecLimits.largestPart) numbers that are kept exactly, found \(own.count / size)"
                )
            }
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
        if let member = entry.members.first(where: { $0.shape.count > 16 || $0.shape.contains { $0 < 0 } }) {
            throw TesseraError(.malformedFile, "its shape is not valid: \(member.shape)", path: member.name)
        }
        var rest = bytes[...]
        var tensors: [String: Tensor] = [:]
        for size in sizes {
            let members = entry.members.filter { $0.type.byteCount == size }
            let count = members.reduce(0) { Shape.saturatingSum($0, Shape($1.shape).elementCount) }
            guard count <= WeightCodecLimits.largestPart else {
                throw damaged(
                    entry, "expected at most \(WeightCodecLimits.largestPart) of one size, found \(count)")
            }
            guard count > 0 else {
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
        let samples = try locatingErrors(path: names(entry)) {
            try codec.decode(content, as: FrameFormat(width: count, height: 1, bits: 8)).samples
        }
        guard samples.count == count else { throw damaged(entry, "expected \(count), found \(samples.count)") }
        return samples
    }

    private static func damaged(_ entry: CompressedWeightIndex.Exact, _ reason: String) -> TesseraError {
        TesseraError(.malformedFile, "the weights that are kept exactly are damaged: \(reason)", path: names(entry))
    }

    private static func names(_ entry: CompressedWeightIndex.Exact) -> String {
        let names = entry.members.prefix(2).map(\.name).joined(separator: ", ")
        return names + (entry.members.count > 2 ? " and \(entry.members.count - 2) others" : "")
    }
}
