import TesseraCore

/// Makes the tensor of a layer from its parts (METHODS.md B9).
struct LayerDecoder: Sendable {
    let entry: CompressedWeightIndex.Layer
    let codec: any WeightCodec
    private let geometry: WeightGeometry
    private let frames: FrameLayout
    /// Of floating-point weights.
    private let values: WeightValues?
    /// Whether the tensor must have the hash that the entry says.
    private let checksResult: Bool

    /// - Parameter frames: those of the entry's layout.
    /// - Throws: `malformedFile` if the entry contradicts itself.
    init(
        _ entry: CompressedWeightIndex.Layer, codec: any WeightCodec, checksResult: Bool = true,
        frames makeFrames: (WeightGeometry) throws -> FrameLayout
    ) throws {
        (self.entry, self.codec, self.checksResult) = (entry, codec, checksResult)
        guard entry.shape.allSatisfy({ $0 >= 0 }), entry.shape.count <= 16, entry.matrices.map({ $0 > 0 }) ?? true,
            entry.mapping == nil || entry.type == .f32,
            entry.mapping != nil || ([2, 4, 8].contains(entry.integerBits ?? 8) && entry.type.byteCount == 1)
        else { throw TesseraError(.malformedFile, "its entry is not valid", path: entry.name) }
        let geometry = WeightGeometry(
            Shape(entry.shape), matrices: entry.matrices ?? 1,
            integerBits: entry.mapping == nil ? entry.integerBits : nil)
        try entry.mapping?.validate(outputs: entry.shape.first ?? 1)
        if let order = entry.order {
            guard order.count == geometry.outputs, Set(order) == Set(0..<order.count), geometry.matrices == 1 else {
                throw TesseraError(.malformedFile, "the order of its channels is not valid", path: entry.name)
            }
        }
        self.geometry = geometry
        frames = try locatingErrors(path: entry.name) { try makeFrames(geometry) }
        values = entry.mapping.map { WeightValues($0, count: geometry.count) }
        try checkParts()
    }

    private var bits: Int { entry.mapping?.bits ?? entry.integerBits ?? 8 }

    /// Every sample must belong to one part: each begins where the one before it ends, and the last one ends with the last frame. None
    /// may be larger than what the codec takes, so that nobody allocates more than an encoder did.
    private func checkParts() throws {
        var (frame, row) = (0, 0)
        for (index, part) in entry.parts.enumerated() {
            let isNext = part.frames.lowerBound == frame && part.rows.lowerBound == row
            let isInside = part.frames.upperBound <= frames.count && part.rows.upperBound <= frames.height
            guard isNext, isInside, !part.frames.isEmpty, !part.rows.isEmpty, part.byteCount >= 0,
                part.frames.count == 1 || part.rows == 0..<frames.height
            else {
                throw TesseraError(
                    .malformedFile,
                    "expected part \(index) to go on at frame \(frame), row \(row), and to end within \(frames.count) frames of "
                        + "\(frames.height) rows, found frames \(part.frames) and rows \(part.rows)",
                    path: entry.name)
            }
            try checkSize(of: part)
            let isThrough = part.rows.upperBound == frames.height
            (frame, row) = isThrough ? (part.frames.upperBound, 0) : (frame, part.rows.upperBound)
        }
        guard frame == frames.count, row == 0 else {
            throw TesseraError(
                .malformedFile, "expected parts of \(frames.count) frames, found those of \(frame) and \(row) rows",
                path: entry.name)
        }
    }

    private func checkSize(of part: CompressedWeightIndex.Part) throws {
        let limits = codec.limits
        // One row of a picture, or one frame of a film, cannot be cut.
        let smallest = codec.kind == .video ? frames.width * frames.height : frames.width
        let most = min(max(limits.samples, smallest), WeightCodecLimits.largestPart)
        let samples = part.frames.count * part.rows.count * frames.width
        guard frames.width <= limits.width, part.rows.count <= limits.height, samples <= most else {
            throw TesseraError(
                .malformedFile,
                "expected a part of at most \(most) numbers, \(limits.width) wide and \(limits.height) high, found one of "
                    + "\(samples), \(frames.width) wide and \(part.rows.count) high", path: entry.name)
        }
    }

    /// A tensor of zeros for the result.
    func makeTensor() throws -> Tensor {
        try locatingErrors(path: entry.name) { try Tensor(zeros: Shape(entry.shape), elementType: entry.type) }
    }

    /// Decodes one part into its places.
    ///
    /// - Parameter target: the bytes of the whole tensor. Parts write to different places.
    func decode(part index: Int, _ bytes: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) throws {
        try locatingErrors(path: entry.name) {
            let part = entry.parts[index]
            guard ShortHash(of: bytes) == part.hash else {
                throw TesseraError(
                    .malformedFile, "its compressed weights are damaged: they do not have the hash that the index says")
            }
            var format = FrameFormat(
                width: frames.width, height: part.rows.count, count: part.frames.count, bits: bits)
            format.dependentZero = entry.mapping?.dependentZero
            let decoded = try codec.decode(bytes, as: format)
            guard decoded.samples.count == format.sampleCount else {
                throw TesseraError(
                    .malformedFile, "expected \(format.sampleCount) numbers, found \(decoded.samples.count)")
            }
            write(decoded.samples, of: part, into: target)
        }
    }

    private func write(
        _ samples: [UInt16], of part: CompressedWeightIndex.Part, into target: UnsafeMutableRawBufferPointer
    ) {
        let size = geometry.rowLength
        let order = entry.order
        /// Where a coded weight goes.
        func place(_ weight: Int) -> Int {
            guard let order else { return weight }
            return order[weight / size] * size + weight % size
        }
        guard let values else { return writeIntegers(samples, of: part, into: target, place) }
        let floats = target.bindMemory(to: Float.self)
        frames.forEachWeight(frames: part.frames, rows: part.rows) { sample, weight in
            let own = place(weight)
            floats[own] = values.value(samples[sample], at: own)
        }
    }

    private func writeIntegers(
        _ samples: [UInt16], of part: CompressedWeightIndex.Part, into target: UnsafeMutableRawBufferPointer,
        _ place: (Int) -> Int
    ) {
        let bits = bits
        guard bits < 8 else {
            frames.forEachWeight(frames: part.frames, rows: part.rows) { sample, weight in
                target[place(weight)] = UInt8(truncatingIfNeeded: samples[sample]) ^ 0x80
            }
            return
        }
        let (perByte, mask, sign) = (8 / bits, UInt8(1 << bits - 1), UInt8(1 << (bits - 1)))
        frames.forEachWeight(frames: part.frames, rows: part.rows) { sample, weight in
            let own = place(weight)
            let value = (UInt8(truncatingIfNeeded: samples[sample]) ^ sign) & mask
            target[own / perByte] |= value << UInt8(own % perByte * bits)
        }
    }

    /// Does what takes all parts.
    ///
    /// - Parameter target: the bytes of the whole tensor.
    func finish(_ target: UnsafeMutableRawBufferPointer) {
        guard let mapping = entry.mapping, mapping.isDependent else { return }
        mapping.placeDependent(target.bindMemory(to: Float.self), rowLength: geometry.rowLength)
    }

    /// Checks the decoded tensor.
    ///
    /// - Throws: `malformedFile` if the codec of this host made other weights than that of the one who compressed them.
    func check(_ tensor: Tensor) throws {
        guard checksResult else { return }
        guard tensor.withUnsafeBytes({ ShortHash(of: $0) }) == entry.hash else {
            let layout = entry.layout.isRegistered ? " and the layout '\(entry.layout.name)'" : ""
            throw TesseraError(
                .malformedFile,
                "the codec '\(entry.codec)'\(layout) made other weights of it than where it was compressed",
                path: entry.name)
        }
    }

    /// The whole tensor from all parts.
    func decode(_ parts: [[UInt8]]) throws -> Tensor {
        var tensor = try makeTensor()
        try tensor.withUnsafeMutableBytes { target in
            for (index, bytes) in parts.enumerated() {
                try bytes.withUnsafeBytes { try decode(part: index, $0, into: target) }
            }
            finish(target)
        }
        try check(tensor)
        return tensor
    }
}
