import TesseraTestSupport
import Testing

@testable import TesseraOneDNN

@Suite struct ArenaPlanTests {
    @Test("buffers needed at the same time never overlap, start aligned, and take no more than all together")
    func randomBuffers() {
        for seed in propertySeeds(500) {
            var generator = SeededGenerator(seed: seed)
            let alignment = [1, 16, 64].randomElement(using: &generator) ?? 64
            let buffers = (0..<Int.random(in: 0...30, using: &generator)).map { _ in
                let first = Int.random(in: 0..<20, using: &generator)
                return ArenaPlan.Buffer(
                    byteCount: Int.random(in: 0...1000, using: &generator),
                    lifetime: first...first + Int.random(in: 0..<8, using: &generator))
            }
            let plan = ArenaPlan(buffers, alignment: alignment)
            let problem = problem(of: plan, buffers, alignment: alignment)
            if let problem { Issue.record("TESSERA_SEED=\(seed): \(problem) in \(buffers)") }
        }
    }

    @Test("a chain needs two buffers, however long it is")
    func chain() {
        // Layer i reads buffer i - 1 and writes buffer i.
        let buffers = (0..<50).map { ArenaPlan.Buffer(byteCount: 256, lifetime: $0...$0 + 1) }
        #expect(ArenaPlan(buffers, alignment: 64).byteCount == 512)
    }

    @Test("a small buffer goes into the gap that a large one leaves")
    func gap() {
        let buffers = [
            ArenaPlan.Buffer(byteCount: 640, lifetime: 0...1), ArenaPlan.Buffer(byteCount: 320, lifetime: 1...3),
            ArenaPlan.Buffer(byteCount: 128, lifetime: 2...3),
        ]
        let plan = ArenaPlan(buffers, alignment: 64)
        #expect(plan.offsets == [0, 640, 0])
        #expect(plan.byteCount == 960)
        #expect(ArenaPlan([], alignment: 64).byteCount == 0)
    }

    private func problem(of plan: ArenaPlan, _ buffers: [ArenaPlan.Buffer], alignment: Int) -> String? {
        for (index, buffer) in buffers.enumerated() {
            let range = plan.offsets[index]..<plan.offsets[index] + buffer.byteCount
            if range.lowerBound < 0 || range.upperBound > plan.byteCount { return "buffer \(index) is outside" }
            if range.lowerBound % alignment != 0 { return "buffer \(index) is not aligned" }
            for other in 0..<index where buffers[other].lifetime.overlaps(buffer.lifetime) {
                let taken = plan.offsets[other]..<plan.offsets[other] + buffers[other].byteCount
                if taken.overlaps(range) { return "buffers \(other) and \(index) overlap" }
            }
        }
        let padded = buffers.map { ($0.byteCount + alignment - 1) / alignment * alignment }
        if plan.byteCount > padded.reduce(0, +) { return "\(plan.byteCount) bytes are more than the sum" }
        let peak = (0..<28).map { step in
            buffers.reduce(0) { $0 + ($1.lifetime.contains(step) ? $1.byteCount : 0) }
        }
        if let peak = peak.max(), plan.byteCount < peak {
            return "\(plan.byteCount) bytes are less than the peak of \(peak)"
        }
        return nil
    }
}
