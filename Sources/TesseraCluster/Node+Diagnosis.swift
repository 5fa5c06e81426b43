import Foundation
import TesseraCore

extension Node {
    /// How far a peer's clock is ahead of this host's, of those that show the time of day.
    ///
    /// - Returns: what a message and its answer took, in milliseconds, and seconds; nil for a peer that does not tell the time.
    package func clockDifference(to peer: PeerID) async throws -> (milliseconds: Double, ahead: Double?) {
        let id = UUID()
        let probe = try Message(kind: ProbeMessage.probe, body: ProbeMessage.Question(question: id))
        let before = Date()
        let answer = try await ask(probe, id, of: peer)
        let echo = try answer.answer.decode(ProbeMessage.Echo.self)
        let seconds = Double(answer.returned &- answer.sent) / 1e9
        let ahead = echo.timeOfDay.map { $0 - before.timeIntervalSince1970 - seconds / 2 }
        return ((seconds * 1e5).rounded() / 100, ahead)
    }

    /// Has a peer connect to another one.
    ///
    /// - Throws: `nodeFailure` if it cannot.
    package func requireReach(from peer: PeerID, to other: PeerID, at address: String) async throws {
        let id = UUID()
        let measure = ProbeMessage.Measure(question: id, peer: other, address: address, isBrief: true)
        let (message, _, _) = try await ask(Message(kind: ProbeMessage.measure, body: measure), id, of: peer)
        if let failure = try message.decode(ProbeMessage.Measured.self).failure {
            throw TesseraError(.nodeFailure, failure)
        }
    }
}
