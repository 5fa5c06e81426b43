import TesseraCore

/// What every weight layout must do, as checks that anyone who writes one can run from their tests.
///
/// ```swift
/// @Test(arguments: WeightLayoutConformance.Check.allCases)
/// func mine(_ check: WeightLayoutConformance.Check) throws {
///     try WeightLayoutConformance(MyLayout(), seed: 7).run(check)
/// }
/// ```
public struct WeightLayoutConformance: Sendable {
    public enum Check: String, CaseIterable, Sendable {
        /// Every weight has a sample that stands for it, and every sample a weight of the layer.
        case completeness
        /// A layer has the same frames again, whatever was asked for before.
        case deterministic
        /// Numbers of 8 and 16 bits come back from their samples as they were, also if frames are cut.
        case roundTrip
        /// So do those of a layer of 2 million weights.
        case large
    }

    /// A check that did not hold.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    private let layout: any WeightLayout
    private let seed: UInt64

    public init(_ layout: any WeightLayout, seed: UInt64) { (self.layout, self.seed) = (layout, seed) }

    /// Layers of all kinds, of odd sizes: one weight, a vector, one output, one input, kernels that are no squares, five axes, gates.
    package static let geometries = [
        WeightGeometry([1, 1]), WeightGeometry([7]), WeightGeometry([1, 23]), WeightGeometry([19, 1]),
        WeightGeometry([5, 3, 3, 3]), WeightGeometry([13, 7, 2, 5]), WeightGeometry([6, 4, 1, 7]),
        WeightGeometry([4, 5, 3]), WeightGeometry([3, 2, 3, 2, 3]), WeightGeometry([12, 5], matrices: 4),
        WeightGeometry([33, 70]),
    ]
    /// The last layer of ResNet-50.
    private static let large = WeightGeometry(outputs: 1000, inputs: 2048)

    /// - Throws: `Failure`, or what the layout threw.
    public func run(_ check: Check) throws {
        switch check {
        case .completeness: for geometry in Self.geometries { try checkCompleteness(geometry) }
        case .deterministic:
            let first = try Self.geometries.map { try frames(of: $0) }
            for (geometry, before) in zip(Self.geometries, first).reversed() {
                try expect(try frames(of: geometry) == before, geometry, "the same frames again")
            }
        case .roundTrip:
            for geometry in Self.geometries {
                for bits in [8, 16] { try checkRoundTrip(geometry, bits: bits) }
            }
        case .large: try checkRoundTrip(Self.large, bits: 8)
        }
    }

    private func frames(of geometry: WeightGeometry) throws -> FrameLayout {
        let frames: FrameLayout
        do {
            frames = try layout.frames(of: geometry)
        } catch {
            throw Failure(description: "\(geometry.text): \(error)")
        }
        try expect(frames.geometry == geometry, geometry, "frames of that layer")
        return frames
    }

    private func checkCompleteness(_ geometry: WeightGeometry) throws {
        let frames = try frames(of: geometry)
        var counts = [Int](repeating: 0, count: geometry.count)
        frames.forEachWeight(frames: 0..<frames.count, rows: 0..<frames.height) { counts[$1] += 1 }
        try expect(counts.allSatisfy { $0 == 1 }, geometry, "one sample that stands for each weight")
    }

    private func checkRoundTrip(_ geometry: WeightGeometry, bits: Int) throws {
        let frames = try frames(of: geometry)
        var state = seed
        let numbers = (0..<geometry.count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt16(truncatingIfNeeded: state >> 48 & (1 << UInt64(bits) - 1))
        }
        var back = [UInt16](repeating: 0, count: geometry.count)
        // So few samples that frames are cut, too.
        let limits = WeightCodecLimits(samples: max(64, geometry.count / 3))
        for (range, rows) in try frames.parts(within: limits, isVideo: false) {
            let samples = numbers.withUnsafeBufferPointer {
                frames.samples(of: $0, frames: range, rows: rows, bits: bits)
            }
            frames.forEachWeight(frames: range, rows: rows) { back[$1] = samples.samples[$0] }
        }
        try expect(back == numbers, geometry, "the same numbers of \(bits) bits")
    }

    private func expect(_ condition: Bool, _ geometry: WeightGeometry, _ what: String) throws {
        guard condition else { throw Failure(description: "expected \(what) for \(geometry.text), seed \(seed)") }
    }
}

extension WeightGeometry {
    /// The sizes, in words.
    fileprivate var text: String {
        "\(matrices)x\(outputs)x\(inputs)x\(kernelHeight)x\(kernelWidth) weights (matrices, outputs, inputs, rows, columns)"
    }
}
