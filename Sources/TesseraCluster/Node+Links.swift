import TesseraCore
import TesseraPartition

extension Node {
    /// Bytes of the first and of the largest message by which a bandwidth is measured.
    private static let messageSizes = 64 << 10...16 << 20
    /// What such a message takes at least, in seconds, unless it is the largest: far more than clocks and threads are off.
    private static let messageTime = 0.02

    /// Measures what joins this node and a peer, by messages as pieces of maps are: the latency is half the median of small round
    /// trips, the bandwidth what the median of large ones takes beyond that.
    ///
    /// - Throws: `nodeFailure` for a peer that is not connected or leaves.
    public func link(to peer: PeerID) async throws -> Link {
        // The first ones find caches cold and connections slow to start.
        _ = try await seconds(of: 5, to: peer)
        let small = try await seconds(of: 41, to: peer)
        var byteCount = Self.messageSizes.lowerBound
        var large = try await seconds(of: 3, to: peer, byteCount)
        while large < max(Self.messageTime, 20 * small), byteCount < Self.messageSizes.upperBound {
            byteCount *= 2
            large = try await seconds(of: 3, to: peer, byteCount)
        }
        large = try await seconds(of: 7, to: peer, byteCount)
        return Link(smallRoundTrip: small, roundTrip: large, of: byteCount)
    }

    /// The median of so many round trips.
    private func seconds(of count: Int, to peer: PeerID, _ byteCount: Int = 0) async throws -> Double {
        let payload = byteCount == 0 ? nil : Blob([UInt8](repeating: 1, count: byteCount))
        var seconds: [Double] = []
        for _ in 0..<count {
            let trip = try await roundTrip(to: peer, payload: payload)
            seconds.append(Double(max(0, trip.returned &- trip.sent)) / 1e9)
        }
        return seconds.sorted()[count / 2]
    }
}

extension Link {
    /// What takes so many seconds for a small message and its answer, and so many for one of `byteCount` bytes and its answer.
    init(smallRoundTrip small: Double, roundTrip: Double, of byteCount: Int) {
        // Between nodes of one process nothing moves at all.
        self.init(bandwidth: min(Double(byteCount) / max(roundTrip - small, 1e-9), 1e12), latency: small / 2)
    }

    /// One link after the other, with all of a message on the first before it is on the second.
    func followed(by next: Link) -> Link {
        Link(bandwidth: 1 / (1 / bandwidth + 1 / next.bandwidth), latency: latency + next.latency)
    }
}
