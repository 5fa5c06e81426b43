import TesseraCompression
import TesseraCore

/// The checks of `WeightCodecConformance`, in words.
struct CodecConformance: Sendable {
    private let codec: any WeightCodec
    private let seed: UInt64

    init(_ codec: any WeightCodec, seed: UInt64) { (self.codec, self.seed) = (codec, seed) }

    var checks: [ConformanceCheck] {
        WeightCodecConformance.Check.allCases.map { check in
            ConformanceCheck(promise(check)) {
                // A codec that this host lacks keeps no promise.
                if heldBits.isEmpty { try codec.check(bits: 8) }
                try WeightCodecConformance(codec, seed: seed).run(check)
            }
        } + [ConformanceCheck("threads that use it at once get the same bytes and frames") { try checkThreads() }]
    }

    private var heldBits: [Int] { (1...16).filter { (try? codec.check(bits: $0)) != nil } }

    private func checkThreads() throws {
        guard let bits = heldBits.last(where: { $0 <= 8 }) ?? heldBits.last else { return try codec.check(bits: 8) }
        let format = FrameFormat(width: 47, height: 31, bits: bits)
        var numbers = ConformanceNumbers(seed: seed)
        let samples = try numbers.tensor([format.sampleCount]).floats().map {
            UInt16(Float(format.largest) * (0.5 + 0.4 * $0))
        }
        let bytes = try codec.encode(WeightFrames(format, samples: samples))
        let frames = try bytes.withUnsafeBytes { try codec.decode($0, as: format) }
        try ConformanceCheck.atOnce { [codec] in
            let again = try codec.encode(WeightFrames(format, samples: samples))
            return try again == bytes && again.withUnsafeBytes { try codec.decode($0, as: format) } == frames
        }
    }

    private func promise(_ check: WeightCodecConformance.Check) -> String {
        switch check {
        case .roundTrip:
            codec.isLossless
                ? "frames of all sizes come back as they were"
                : codec.largestError(bits: 8) == nil
                    ? "frames of all sizes come back"
                    : "frames of all sizes come back, with the error that is stated at most"
        case .nearness: "smooth frames come back nearer to what they were than one value would be"
        case .deterministic: "the same frames give the same bytes, and these the same frames"
        case .damage: "bytes that are cut off or altered give an error, or frames of the right size"
        case .extremes: "frames of one value, and of the smallest and largest, come back"
        }
    }
}
