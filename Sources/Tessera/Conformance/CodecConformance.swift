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
                if ![3, 8, 16].contains(where: { (try? codec.check(bits: $0)) != nil }) { try codec.check(bits: 8) }
                try WeightCodecConformance(codec, seed: seed).run(check)
            }
        }
    }

    private func promise(_ check: WeightCodecConformance.Check) -> String {
        switch check {
        case .roundTrip:
            codec.isLossless ? "frames of all sizes come back as they were" : "frames of all sizes come back"
        case .deterministic: "the same frames give the same bytes, and these the same frames"
        case .damage: "bytes that are cut off or altered give an error, or frames of the right size"
        case .extremes: "frames of one value, and of the smallest and largest, come back"
        }
    }
}
