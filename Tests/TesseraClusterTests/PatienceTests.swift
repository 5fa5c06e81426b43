import Testing

@testable import TesseraCluster

/// When an inference runs a second time.
@Suite struct PatienceTests {
    @Test("half a second and three times the median of at most sixteen latencies, once there are four")
    func limit() {
        var patience = Patience()
        for milliseconds in [90, 10, 20] {
            patience.add(.milliseconds(milliseconds))
            #expect(patience.limit == nil)
        }
        patience.add(.milliseconds(30))
        #expect(patience.limit == .milliseconds(3 * 30 + 500))
        for _ in 0..<16 { patience.add(.milliseconds(100)) }
        patience.add(.milliseconds(1))
        #expect(patience.limit == .milliseconds(3 * 100 + 500))
    }
}
