import Foundation
import TesseraCore

extension Node {
    /// What this node is doing, and the weights it holds.
    public var status: NodeStatus {
        NodeStatus(state: taskCount == 0 ? .idle : .working, tasks: taskCount, weights: weights.byteCounts)
    }

    /// Asks a peer for its status.
    ///
    /// - Throws: `nodeFailure` for a peer that is not connected or leaves.
    public func status(of peer: PeerID) async throws -> NodeStatus {
        let id = UUID()
        let question = try Message(kind: StatusMessage.ask, body: ProbeMessage.Question(question: id))
        return try await ask(question, id, of: peer).answer.decode(StatusMessage.Answer.self).status
    }

    func answerStatus(_ message: Message, from peer: PeerID) {
        answer(message, to: peer) { [self] question in
            try Message(
                kind: StatusMessage.answer, body: StatusMessage.Answer(question: question, status: await status))
        }
    }
}
