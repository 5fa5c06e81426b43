import TesseraCore

/// A layer as its codec made it.
public struct EncodedLayer: Sendable {
    public var entry: CompressedWeightIndex.Layer
    /// The bytes of each part.
    public var parts: [[UInt8]]
    /// The weights that come back.
    public var decoded: Tensor
    /// Bits that the numbers would take with a code for each that knows how often it occurs: the order-0 entropy.
    public var entropyBits: Double
    public var encodeSeconds: Double
    public var decodeSeconds: Double

    /// The bytes of all parts.
    public var byteCount: Int { parts.reduce(0) { $0 + $1.count } }
}

/// Compresses one layer.
public struct LayerEncoder: Sendable {
    public let source: CompressibleTensor

    public init(_ source: CompressibleTensor) { self.source = source }

    /// - Throws: what is wrong with the weights or the settings, with the layer's name.
    public func encode(_ settings: LayerSettings) throws -> EncodedLayer {
        try locatingErrors(path: source.name) {
            if source.integerBits != nil, !settings.codec.isLossless {
                throw TesseraError(
                    .notSupported,
                    "its weights are integers, which lossless codecs keep; '\(settings.codecName)' is lossy here")
            }
            if case .dependent = settings.rounding, !settings.codec.isLossless {
                throw TesseraError(
                    .notSupported,
                    "expected a lossless codec with 'dependent', where each number tells what the next ones stand for, found '\(settings.codecName)'"
                )
            }
            let (numbers, mapping) = try numbers(settings.rounding)
            var best = try encode(numbers, mapping, settings, order: nil)
            if settings.reorders, source.matrices == 1, let order = outputOrder(numbers) {
                let other = try encode(numbers, mapping, settings, order: order)
                // The order takes room in the index, too.
                if other.byteCount + order.count * 5 / 4 < best.byteCount { best = other }
            }
            return best
        }
    }

    private func encode(
        _ numbers: [UInt16], _ mapping: WeightMapping?, _ settings: LayerSettings, order: [Int]?
    ) throws -> EncodedLayer {
        let bits = mapping?.bits ?? source.integerBits ?? 8
        let codec = settings.codec
        try codec.check(bits: bits)
        let geometry = source.geometry
        let layout = source.layout?.declaration ?? codec.layout(block: settings.block)
        let frames = try source.layout?.frames ?? layout.frames(of: geometry, by: .builtin, layer: source.name)
        let coded = order.map { Self.reordered(numbers, $0) } ?? numbers
        let start = ContinuousClock.now
        var entry = CompressedWeightIndex.Layer(
            name: source.name, shape: source.tensor.shape.dimensions,
            type: mapping == nil ? source.tensor.elementType : .f32,
            mapping: mapping, integerBits: source.integerBits,
            matrices: geometry.matrices > 1 ? geometry.matrices : nil,
            layout: layout, codec: settings.codecName, quality: settings.quality, order: order,
            hash: ShortHash(of: []), parts: [])
        var parts: [[UInt8]] = []
        for (frameRange, rows) in try frames.parts(within: codec.limits, isVideo: codec.kind == .video) {
            var samples = coded.withUnsafeBufferPointer {
                frames.samples(of: $0, frames: frameRange, rows: rows, bits: bits)
            }
            samples.format.dependentZero = mapping?.dependentZero
            let bytes = try codec.encode(samples)
            entry.parts.append(
                .init(frames: frameRange, rows: rows, byteCount: bytes.count, hash: ShortHash(of: bytes)))
            parts.append(bytes)
        }
        let encoded = ContinuousClock.now
        let decoded = try LayerDecoder(entry, codec: codec, checksResult: false) { _ in frames }.decode(parts)
        let end = ContinuousClock.now
        if codec.isLossless { try check(decoded, numbers, mapping, settings.codecName) }
        entry.hash = decoded.withUnsafeBytes { ShortHash(of: $0) }
        return EncodedLayer(
            entry: entry, parts: parts, decoded: decoded, entropyBits: OrderZeroEntropy.bits(of: numbers),
            encodeSeconds: (encoded - start).seconds, decodeSeconds: (end - encoded).seconds)
    }

    /// Codecs are programs of others: what a lossless one gives back is compared with what it was given.
    private func check(_ decoded: Tensor, _ numbers: [UInt16], _ mapping: WeightMapping?, _ codec: String) throws {
        let isSame: Bool
        if let mapping {
            let values = WeightValues(mapping, count: numbers.count)
            var expected = numbers.indices.map { values.value(numbers[$0], at: $0) }
            expected.withUnsafeMutableBufferPointer { mapping.placeDependent($0, rowLength: source.geometry.rowLength) }
            isSame = try decoded.withFloats { $0.elementsEqual(expected) }
        } else {
            isSame = decoded == source.tensor
        }
        guard isSame else {
            throw TesseraError(.backendFailure, "the codec '\(codec)' gave other weights back than it was given")
        }
    }

    /// The frames that image codecs are given.
    ///
    /// - Parameter bits: of the numbers that stand for weights; integers keep theirs.
    public func frames(bits: Int) throws -> WeightFrames {
        let (numbers, mapping) = try numbers(.intervals(bits: bits, perChannel: false))
        let frames = try ImageLayout().frames(of: source.geometry)
        return numbers.withUnsafeBufferPointer {
            frames.samples(
                of: $0, frames: 0..<frames.count, rows: 0..<frames.height,
                bits: mapping?.bits ?? source.integerBits ?? bits)
        }
    }

    // MARK: Numbers

    private func numbers(_ rounding: LayerSettings.Rounding) throws -> ([UInt16], WeightMapping?) {
        if let bits = source.integerBits { return (try Self.integers(source.tensor, bits: bits), nil) }
        let weights = source.tensor.elementType == .f32 ? source.tensor : try source.tensor.convertedToF32()
        return try weights.withFloats { floats in
            let mapping: WeightMapping
            var zone = 0.0
            switch rounding {
            case .intervals(let bits, let perChannel):
                mapping = try WeightMapping(
                    intervalsOf: floats, bits: bits,
                    channels: perChannel ? max(1, source.tensor.shape.dimensions.first ?? 1) : 1)
            case .grid(let step, let deadZone):
                zone = deadZone
                mapping = try WeightMapping(gridOf: floats, step: max(step * Self.deviation(floats), 1e-30))
            case .dependent(let step):
                mapping = try WeightMapping(
                    gridOf: floats, step: max(step * Self.deviation(floats), 1e-30), isDependent: true)
                return (mapping.dependentNumbers(of: floats, rowLength: source.geometry.rowLength), mapping)
            }
            return (mapping.numbers(of: floats, deadZone: zone), mapping)
        }
    }

    private static func deviation(_ weights: UnsafeBufferPointer<Float>) -> Double {
        guard !weights.isEmpty else { return 1 }
        let sum = weights.reduce(0.0) { $0 + Double($1) * Double($1) }
        // A layer of zeros has no scale of its own.
        return sum > 0 ? (sum / Double(weights.count)).squareRoot() : 1
    }

    /// Integers from 0: signed bytes from -128, and smaller integers, several of which lie in a byte, by their lowest number.
    static func integers(_ tensor: Tensor, bits: Int) throws -> [UInt16] {
        guard [2, 4, 8].contains(bits), tensor.elementType == .i8 || tensor.elementType == .u8 else {
            throw TesseraError(
                .notSupported,
                "expected integers of 2, 4 or 8 bits in bytes, found \(bits) bits in \(tensor.elementType)")
        }
        return tensor.withUnsafeBytes { bytes in
            guard bits < 8 else { return bytes.map { UInt16($0 ^ 0x80) } }
            let (perByte, mask, sign) = (8 / bits, UInt8(1 << bits - 1), UInt8(1 << (bits - 1)))
            return bytes.flatMap { byte in
                (0..<perByte).map { UInt16((byte >> UInt8($0 * bits) & mask) ^ sign) }
            }
        }
    }

    // MARK: Order

    /// The output channels in ascending order of how far their numbers are from the mean; nil if there are too few.
    private func outputOrder(_ numbers: [UInt16]) -> [Int]? {
        let outputs = source.geometry.outputs
        guard outputs > 2, numbers.count % outputs == 0 else { return nil }
        let size = numbers.count / outputs
        let mean = numbers.reduce(0) { $0 + Int($1) } / max(1, numbers.count)
        let spreads = (0..<outputs).map { output in
            numbers[output * size..<(output + 1) * size].reduce(0) { $0 + abs(Int($1) - mean) }
        }
        return spreads.indices.sorted { (spreads[$0], $0) < (spreads[$1], $1) }
    }

    private static func reordered(_ numbers: [UInt16], _ order: [Int]) -> [UInt16] {
        let size = numbers.count / order.count
        return order.flatMap { numbers[$0 * size..<($0 + 1) * size] }
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
