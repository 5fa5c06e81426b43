import TesseraCompression

/// The checks of `WeightLayoutConformance`, in words.
struct LayoutConformance: Sendable {
    private let layout: any WeightLayout
    private let seed: UInt64

    init(_ layout: any WeightLayout, seed: UInt64) { (self.layout, self.seed) = (layout, seed) }

    var checks: [ConformanceCheck] {
        WeightLayoutConformance.Check.allCases.map { check in
            ConformanceCheck(Self.promise(check)) { [layout, seed] in
                try WeightLayoutConformance(layout, seed: seed).run(check)
            }
        } + [
            ConformanceCheck("threads that use it at once get the same frames") { [layout] in
                let geometries = WeightLayoutConformance.geometries
                let frames = try geometries.map { try layout.frames(of: $0) }
                try ConformanceCheck.atOnce { try geometries.map { try layout.frames(of: $0) } == frames }
            }
        ]
    }

    private static func promise(_ check: WeightLayoutConformance.Check) -> String {
        switch check {
        case .completeness: "every weight has a sample that stands for it, whatever the layer"
        case .deterministic: "a layer has the same frames again, whatever was asked for before"
        case .roundTrip: "numbers of 8 and 16 bits come back from their samples as they were"
        case .large: "so do those of a layer of 2 million weights"
        }
    }
}
