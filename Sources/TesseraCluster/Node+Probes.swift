import Foundation
import TesseraCore
import TesseraPartition

/// A question to a peer that waits for its answer.
struct PendingQuestion {
    let peer: PeerID
    /// Gets the answer and when it came.
    let answer: AsyncThrowingStream<(Message, Int64), any Error>.Continuation
}

// MARK: - Asking

extension Node {
    /// Sends a message to a peer, which answers at once.
    ///
    /// - Parameter payload: what the message carries. The answer is small.
    /// - Throws: `nodeFailure` for a peer that is not connected or leaves.
    public func roundTrip(to peer: PeerID, payload: Blob? = nil) async throws -> RoundTrip {
        let id = UUID()
        let probe = try Message(
            kind: ProbeMessage.probe, body: ProbeMessage.Question(question: id), payload: payload.map { [$0] } ?? [])
        let (message, sent, returned) = try await ask(probe, id, of: peer)
        let echo = try message.decode(ProbeMessage.Echo.self)
        return RoundTrip(sent: sent, arrived: echo.arrived, answered: echo.answered, returned: returned)
    }

    /// How far a peer's clock is ahead of this node's, from several round trips.
    func clockOffset(of peer: PeerID, samples: Int = 16) async throws -> ClockOffset {
        guard peer != name else { return .none }
        var roundTrips: [RoundTrip] = []
        for _ in 0..<samples { roundTrips.append(try await roundTrip(to: peer)) }
        return ClockOffset(roundTrips) ?? .none
    }

    /// Has a peer measure what joins it and another one.
    ///
    /// - Parameter address: where the other one listens, for peers that are not connected yet.
    /// - Throws: `nodeFailure` if that one cannot be reached from there.
    func link(from peer: PeerID, to other: PeerID, at address: String?) async throws -> Link {
        let id = UUID()
        let measure = ProbeMessage.Measure(question: id, peer: other, address: address)
        let (message, _, _) = try await ask(Message(kind: ProbeMessage.measure, body: measure), id, of: peer)
        let measured = try message.decode(ProbeMessage.Measured.self)
        guard let latency = measured.latency, let bandwidth = measured.bandwidth, latency >= 0, bandwidth > 0 else {
            throw TesseraError(
                .nodeFailure, "node '\(peer)' cannot measure its link to '\(other)': \(measured.failure ?? "no reason")"
            )
        }
        return Link(bandwidth: bandwidth, latency: latency)
    }

    func ask(
        _ question: Message, _ id: UUID, of peer: PeerID
    ) async throws -> (answer: Message, sent: Int64, returned: Int64) {
        let (answers, answer) = AsyncThrowingStream.makeStream(of: (Message, Int64).self)
        questions[id] = PendingQuestion(peer: peer, answer: answer)
        defer { questions[id] = nil }
        let sent = clock.now
        try await send(question, to: peer)
        for try await (message, returned) in answers { return (message, sent, returned) }
        throw CancellationError()
    }

    func receiveAnswer(_ message: Message, from peer: PeerID, at returned: Int64) {
        guard let id = try? message.decode(ProbeMessage.Question.self).question, let question = questions[id],
            question.peer == peer
        else { return }
        question.answer.yield((message, returned))
        question.answer.finish()
    }

    /// Fails the questions to a peer that left; those to all peers for nil.
    func failQuestions(to peer: PeerID?, reason: TesseraError?) {
        for question in questions.values where peer == nil || question.peer == peer {
            question.answer.finish(
                throwing: TesseraError(.nodeFailure, "node '\(question.peer)' was lost", cause: reason))
        }
    }
}

// MARK: - Answering

extension Node {
    /// Answers that may be under way; what is asked beyond is not answered.
    private static let answerLimit = 64

    func answerProbe(_ message: Message, from peer: PeerID, at arrived: Int64) {
        answer(message, to: peer) { [clock] question in
            try Message(
                kind: ProbeMessage.echo,
                body: ProbeMessage.Echo(
                    question: question, arrived: arrived, answered: clock.now, timeOfDay: Date().timeIntervalSince1970))
        }
    }

    func answerMeasure(_ message: Message, from peer: PeerID) {
        answer(message, to: peer) { [self] question in
            var measured = ProbeMessage.Measured(question: question)
            do {
                let link = try await link(as: message.decode(ProbeMessage.Measure.self))
                (measured.latency, measured.bandwidth) = (link.latency, link.bandwidth)
            } catch {
                measured.failure = "\(error)"
            }
            return try Message(kind: ProbeMessage.measured, body: measured)
        }
    }

    private func link(as measure: ProbeMessage.Measure) async throws -> Link {
        if !isConnected(to: measure.peer), let address = measure.address,
            let transport = transport as? any ListeningTransport
        {
            try await transport.connect(to: address)
        }
        if measure.isBrief == true {
            let trip = try await roundTrip(to: measure.peer)
            return Link(bandwidth: 1, latency: Double(max(0, trip.returned &- trip.sent)) / 2e9)
        }
        return try await link(to: measure.peer)
    }

    /// Answers beside the messages that follow: a peer that does not take its answer holds up nobody.
    func answer(
        _ message: Message, to peer: PeerID, _ make: @escaping @Sendable (UUID) async throws -> Message
    ) {
        guard let id = try? message.decode(ProbeMessage.Question.self).question else { return counts.ignoredMessage() }
        reply(to: peer) { try await make(id) }
    }

    /// Sends what somebody waits for, unless too many others do.
    func reply(to peer: PeerID, _ make: @escaping @Sendable () async throws -> Message) {
        guard answering < Self.answerLimit else { return counts.ignoredMessage() }
        answering += 1
        Task {
            defer { answering -= 1 }
            // Whoever asked knows if it is gone.
            try? await send(make(), to: peer)
        }
    }
}
