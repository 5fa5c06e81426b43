import TesseraCore

/// What every weight codec must do, as checks that anyone who writes one can run from their tests.
///
/// ```swift
/// @Test(arguments: WeightCodecConformance.Check.allCases)
/// func mine(_ check: WeightCodecConformance.Check) throws {
///     try WeightCodecConformance(MyCodec(), seed: 7).run(check)
/// }
/// ```
public struct WeightCodecConformance: Sendable {
    public enum Check: String, CaseIterable, Sendable {
        /// Frames of all sizes come back, with the error that the codec states at most: none from a lossless one.
        case roundTrip
        /// Smooth frames come back nearer to what they were than any one value is to them all, also from a codec that states no bound.
        case nearness
        /// The same frames give the same bytes, and the same bytes the same frames.
        case deterministic
        /// Bytes that are cut off or altered give an error or frames of the right size, and nothing worse.
        case damage
        /// Frames of one value, and of the extremes.
        case extremes
    }

    /// A check that did not hold.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    private let codec: any WeightCodec
    private let seed: UInt64

    public init(_ codec: any WeightCodec, seed: UInt64) { (self.codec, self.seed) = (codec, seed) }

    /// - Throws: `Failure`, or what the codec threw.
    public func run(_ check: Check) throws {
        switch check {
        case .roundTrip: for frames in cases(usualSizes + unusualSizes) { try checkRoundTrip(frames) }
        case .nearness: for bits in heldBits { try checkNearness(smoothFrames(bits: bits)) }
        case .deterministic:
            for frames in cases(usualSizes) {
                let bytes = try codec.encode(frames)
                try expect(try codec.encode(frames) == bytes, frames, "the same bytes again")
                try expect(
                    try decode(bytes, frames.format) == decode(bytes, frames.format), frames, "the same frames again")
            }
        case .damage: for frames in cases(usualSizes).suffix(2) { try checkDamage(frames) }
        case .extremes:
            for bits in heldBits {
                let format = FrameFormat(width: 19, height: 7, count: 3, bits: bits)
                for value in [0, format.largest, format.largest / 2] {
                    try checkRoundTrip(
                        WeightFrames(format, samples: [UInt16](repeating: value, count: format.sampleCount)))
                }
            }
        }
    }

    /// How many bits the checks' samples have: several numbers that the codec holds, or the most.
    private var heldBits: [Int] {
        let held = (1...16).filter { (try? codec.check(bits: $0)) != nil }
        let usual = held.filter([3, 8, 16].contains)
        return usual.isEmpty ? held.suffix(1) : usual
    }

    private typealias Size = (width: Int, height: Int, count: Int)

    private let usualSizes: [Size] = [(1, 1, 1), (1, 9, 2), (64, 1, 1), (41, 37, 1), (48, 48, 4)]
    /// Tiny ones, odd ones, and those of large layers, as far as the codec takes them.
    private let unusualSizes: [Size] = [
        (2, 1, 1), (3, 5, 3), (1, 301, 1), (129, 67, 1), (5003, 3, 1), (70_001, 1, 1), (32, 32, 48),
    ]

    /// Numbers as those of weights: most in the middle, few far from it.
    private func cases(_ sizes: [Size]) -> [WeightFrames] {
        var state = seed
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        return heldBits.flatMap { bits in
            sizes.map { size in
                let format = FrameFormat(
                    width: min(size.width, codec.limits.width), height: min(size.height, codec.limits.height),
                    count: size.count, bits: bits)
                let samples = (0..<format.sampleCount).map { _ in
                    UInt16((0..<4).reduce(0) { sum, _ in sum + next(1 << bits) } / 4)
                }
                return WeightFrames(format, samples: samples)
            }
        }
    }

    private func decode(_ bytes: [UInt8], _ format: FrameFormat) throws -> WeightFrames {
        try bytes.withUnsafeBytes { try codec.decode($0, as: format) }
    }

    private func checkRoundTrip(_ frames: WeightFrames) throws {
        let decoded = try decode(codec.encode(frames), frames.format)
        try expect(decoded.format == frames.format, frames, "frames of the same format")
        try expect(decoded.samples.count == frames.samples.count, frames, "as many samples")
        try expect(decoded.samples.allSatisfy { $0 <= frames.format.largest }, frames, "samples of so many bits")
        guard let bound = codec.largestError(bits: frames.format.bits) else { return }
        let error = zip(decoded.samples, frames.samples).map { abs(Int($0) - Int($1)) }.max() ?? 0
        let what = bound == 0 ? "the same samples" : "samples that differ by at most \(bound), found \(error),"
        try expect(error <= bound, frames, what)
    }

    /// A ramp that goes up and down, along both axes of a picture.
    private func smoothFrames(bits: Int) -> WeightFrames {
        let isRow = codec.kind == .audio || codec.kind == .bytes
        let format = FrameFormat(width: isRow ? 9216 : 96, height: isRow ? 1 : 96, bits: bits)
        let period = 64
        let samples = (0..<format.sampleCount).map { index in
            let place = (index % format.width + 2 * (index / format.width)) % period
            let height = min(place, period - place)
            return UInt16(Int(format.largest) * height / (period / 2))
        }
        return WeightFrames(format, samples: samples)
    }

    private func checkNearness(_ frames: WeightFrames) throws {
        let decoded = try decode(codec.encode(frames), frames.format)
        let mean = frames.samples.reduce(0) { $0 + Double($1) } / Double(frames.samples.count)
        func distance(_ other: (Int) -> Double) -> Double {
            frames.samples.indices.reduce(0) { sum, index in
                let difference = Double(frames.samples[index]) - other(index)
                return sum + difference * difference
            }
        }
        let (own, ofMean) = (distance { Double(decoded.samples[$0]) }, distance { _ in mean })
        try expect(own < ofMean / 4, frames, "samples half as far from the frames at most as their mean is")
    }

    private func checkDamage(_ frames: WeightFrames) throws {
        let bytes = try codec.encode(frames)
        for index in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 23)) {
            var altered = bytes
            altered[index] ^= 0x55
            for damaged in [altered, Array(bytes.prefix(index))] {
                guard let decoded = try? decode(damaged, frames.format) else { continue }
                try expect(
                    decoded.format == frames.format && decoded.samples.count == frames.samples.count, frames,
                    "frames of the same format from damaged bytes")
            }
        }
    }

    private func expect(_ condition: Bool, _ frames: WeightFrames, _ what: String) throws {
        let format = frames.format
        guard condition else {
            throw Failure(
                description:
                    "expected \(what) for \(format.count) frames of \(format.width)x\(format.height) with \(format.bits) bits, seed \(seed)"
            )
        }
    }
}
