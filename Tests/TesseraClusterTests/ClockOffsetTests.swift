import Testing
import TesseraCluster

/// What round trips tell of another clock, worked out by hand.
@Suite struct ClockOffsetTests {
    /// A round trip to a peer whose clock is `ahead`, with so long ways there and back and so long at the peer.
    private func roundTrip(ahead: Int64, there: Int64, atPeer: Int64 = 0, back: Int64, from sent: Int64 = 1000)
        -> RoundTrip
    {
        RoundTrip(
            sent: sent, arrived: sent + there + ahead, answered: sent + there + atPeer + ahead,
            returned: sent + there + atPeer + back)
    }

    @Test("ways that are as long give the offset, whatever the peer takes to answer")
    func even() {
        let trip = roundTrip(ahead: 7_000, there: 40, atPeer: 900, back: 40)
        #expect(trip.delay == 80)
        #expect(ClockOffset([trip])?.nanoseconds == 7_000)
        #expect(ClockOffset([trip])?.bound == 40)
        #expect(ClockOffset([roundTrip(ahead: -7_000, there: 40, back: 40)])?.nanoseconds == -7_000)
    }

    @Test("ways that differ leave an error within the bound", arguments: [(0, 100), (100, 0), (1, 70), (999, 3)])
    func uneven(there: Int64, back: Int64) throws {
        let offset = try #require(ClockOffset([roundTrip(ahead: 5_000, there: there, back: back)]))
        #expect(abs(offset.nanoseconds - 5_000) <= offset.bound)
        #expect(offset.bound == (there + back + 1) / 2)
    }

    @Test("of several round trips that with the least delay counts")
    func least() throws {
        let offset = try #require(
            ClockOffset([
                roundTrip(ahead: 300, there: 10, back: 5_000), roundTrip(ahead: 300, there: 20, back: 20),
                roundTrip(ahead: 300, there: 9_000, back: 10),
            ]))
        #expect(offset.nanoseconds == 300 && offset.bound == 20)
        #expect(ClockOffset([]) == nil)
    }

    @Test("times that no clock has do not trap")
    func nonsense() {
        let trip = RoundTrip(sent: .max, arrived: .min, answered: .max, returned: .min)
        #expect((ClockOffset([trip])?.bound ?? -1) >= 0)
    }
}
