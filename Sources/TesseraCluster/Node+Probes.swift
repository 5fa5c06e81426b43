import Foundation
import TesseraCore

/// A probe that waits for its echo.
struct PendingProbe {
    let peer: PeerID
    /// Gets the echo and when it came.
    let answer: AsyncThrowingStream<(ProbeMessage.Echo, Int64), any Error>.Continuation
}

extension Node {
    /// Echoes that may wait to be sent; probes beyond are not answered.
    private static let echoLimit = 64

    /// Sends a message to a peer, which answers at once.
    ///
    /// - Parameter byteCount: the size of the message. The answer is small.
    /// - Throws: `nodeFailure` for a peer that is not connected or leaves; `outOfMemory`.
    public func roundTrip(to peer: PeerID, byteCount: Int = 0) async throws -> RoundTrip {
        let id = UUID()
        let payload = byteCount > 0 ? [Blob(try Tensor(zeros: [byteCount], elementType: .u8))] : []
        let message = try Message(kind: ProbeMessage.probe, body: ProbeMessage.Probe(probe: id), payload: payload)
        let (answers, answer) = AsyncThrowingStream.makeStream(of: (ProbeMessage.Echo, Int64).self)
        probes[id] = PendingProbe(peer: peer, answer: answer)
        defer { probes[id] = nil }
        let sent = clock.now
        try await send(message, to: peer)
        for try await (echo, returned) in answers {
            return RoundTrip(sent: sent, arrived: echo.arrived, answered: echo.answered, returned: returned)
        }
        throw CancellationError()
    }

    /// How far a peer's clock is ahead of this node's, from several round trips.
    func clockOffset(of peer: PeerID, samples: Int = 16) async throws -> ClockOffset {
        guard peer != name else { return .none }
        var roundTrips: [RoundTrip] = []
        for _ in 0..<samples { roundTrips.append(try await roundTrip(to: peer)) }
        return ClockOffset(roundTrips) ?? .none
    }

    /// Answers a probe, beside the messages that follow it: a peer that does not take the answer holds up nobody.
    func answer(_ message: Message, from peer: PeerID, at arrived: Int64) {
        guard echoing < Self.echoLimit, let probe = try? message.decode(ProbeMessage.Probe.self) else {
            logger.warning("left a probe unanswered", metadata: ["peer": "\(peer)"])
            return
        }
        echoing += 1
        Task {
            defer { echoing -= 1 }
            let echo = ProbeMessage.Echo(probe: probe.probe, arrived: arrived, answered: clock.now)
            // Whoever asked knows if it is gone.
            try? await send(Message(kind: ProbeMessage.echo, body: echo), to: peer)
        }
    }

    func receiveEcho(_ message: Message, from peer: PeerID, at returned: Int64) {
        guard let echo = try? message.decode(ProbeMessage.Echo.self), let probe = probes[echo.probe], probe.peer == peer
        else { return }
        probe.answer.yield((echo, returned))
        probe.answer.finish()
    }

    /// Fails the probes of a peer that left; those of all peers for nil.
    func failProbes(of peer: PeerID?, reason: TesseraError?) {
        for probe in probes.values where peer == nil || probe.peer == peer {
            probe.answer.finish(
                throwing: TesseraError(.nodeFailure, "node '\(probe.peer)' was lost", cause: reason))
        }
    }
}
