import Foundation
import NIOCore
import TesseraCluster
import TesseraCore

/// What connections report. Called on their event loops.
extension TCPTransport {
    private static let redundant = "redundant"

    /// The refusal of a connection to a peer that is reached by another one already.
    var redundancy: Frame { Frame(.refusal, Message(kind: Self.redundant, encodedBody: Data(localPeer.name.utf8))) }

    /// Who sent it, if it is such a refusal.
    static func redundantPeer(_ frame: Frame) -> PeerID? {
        frame.message.kind == redundant ? PeerID(String(decoding: frame.message.body, as: UTF8.self)) : nil
    }

    func claim(_ peer: PeerInformation, isDialed: Bool, _ connection: Connection) -> PeerTable<Connection>.Verdict {
        state.withLock {
            $0.table.claim(peer, dialer: isDialed ? localPeer : peer.peer, connection: connection)
        }
    }

    /// - Returns: false if another connection to the peer is used instead.
    func establish(_ peer: PeerInformation, _ connection: Connection) -> Bool {
        let followers = state.withLock { state -> [EventLoopPromise<PeerID>]? in
            guard state.table.establish(peer.peer, connection: connection) else { return nil }
            state.strangers.remove(connection.id)
            // Under the lock, so that whoever finds the peer in the table can rely on the event.
            report(.appeared(peer.peer, peer), nil)
            return state.followers.removeValue(forKey: peer.peer) ?? []
        }
        guard let followers else { return false }
        for follower in followers { follower.succeed(peer.peer) }
        logger.debug("peer appeared", metadata: ["peer": "\(peer.peer)", "address": "\(connection.remoteAddress)"])
        return true
    }

    func release(_ peer: PeerID, _ connection: Connection, reason: TesseraError?) {
        let wasEstablished = state.withLock { state in
            let wasEstablished = state.table.release(peer, connection: connection)
            if wasEstablished, reason != nil { state.counts.lost += 1 }
            if wasEstablished { report(.left(peer, reason: state.closing == nil ? reason : nil), nil) }
            return wasEstablished
        }
        guard wasEstablished else { return }
        logger.debug("peer left", metadata: ["peer": "\(peer)", "reason": "\(reason.map { "\($0)" } ?? "goodbye")"])
    }

    /// - Throws: `limitExceeded` if too much of all peers is unread.
    func deliver(_ message: Message, from peer: PeerID, on connection: Connection) throws {
        let byteCount = message.byteCount
        let share = try memory.reserve(byteCount)
        connection.inbound.add(byteCount)
        report(.received(message, from: peer)) {
            withExtendedLifetime(share) {}
            if connection.inbound.remove(byteCount) { connection.signal(.resumeReading) }
        }
    }

    /// Takes a list of certificates that were withdrawn, ends connections to their holders, and tells the others.
    ///
    /// - Throws: `invalidArgument` for a list that the cluster's authority did not sign, `protocolViolation` without certificates.
    func learn(ofRevocations bytes: Data, from peer: PeerID) throws {
        guard let identity else {
            throw TesseraError(.protocolViolation, "found a list of withdrawn certificates, and there are none here")
        }
        do {
            let text = String(decoding: bytes, as: UTF8.self)
            _ = try identity.revocations.adopt(text, from: peer.name)
        } catch let error as TesseraError where error.code == .inputOutput {
            logger.warning(
                "the list of withdrawn certificates holds, but cannot be kept", metadata: ["error": "\(error)"])
        }
        tellOfRevocations()
        enforceRevocations(knownTo: peer)
    }

    /// Ends connections to holders of certificates that were withdrawn, and tells the others of it, once for each list, wherever it
    /// came from.
    ///
    /// - Parameter peer: one that has the list, if it came from somebody.
    func enforceRevocations(knownTo peer: PeerID? = nil) {
        guard let list = identity?.revocations.list else { return }
        let others = state.withLock { state in
            guard list.number > state.checkedList else { return [] as [PeerTable<Connection>.Entry] }
            state.checkedList = list.number
            return state.table.established
        }
        guard !others.isEmpty else { return }
        logger.notice("certificates were withdrawn", metadata: ["list": "\(list.number)"])
        let message = Message(kind: "", encodedBody: Data(list.text.utf8))
        for other in others {
            other.connection.signal(.checkAgain)
            guard other.information.peer != peer else { continue }
            Task { try? await other.connection.send(OutgoingFrame(Frame(.revoked, message))) }
        }
    }

    /// Looks at the list in this member's folder again and again, where somebody may have put a new one.
    func watchRevocations() {
        Task { [weak self, interval = settings.heartbeat] in
            while true {
                try await Task.sleep(for: .seconds(max(0.25, interval)))
                guard let self, state.withLock({ $0.closing == nil }) else { return }
                enforceRevocations()
                tellOfRevocations()
            }
        }
    }

    /// Tells once of each list that cannot be used, or lacks what an earlier one had.
    private func tellOfRevocations() {
        guard let problem = identity?.revocations.takeProblem() else { return }
        logger.error("a list of withdrawn certificates is not what it should be", metadata: ["error": "\(problem)"])
    }

    /// Completes `promise` once `peer` is established by some connection.
    func follow(_ peer: PeerID, _ promise: EventLoopPromise<PeerID>) {
        let (isEstablished, isDialed) = state.withLock { state in
            if state.table.established(peer) != nil { return (true, false) }
            state.followers[peer, default: []].append(promise)
            return (false, state.listener != nil)
        }
        if isEstablished { return promise.succeed(peer) }
        // A peer that nobody can dial would wait for itself: the other end has not noticed yet that an older connection is gone.
        let patience = isDialed ? settings.handshakeTimeout : min(settings.handshakeTimeout, settings.silence)
        promise.futureResult.eventLoop.scheduleTask(in: .seconds(patience)) {
            promise.fail(
                TesseraError(.nodeFailure, "'\(peer)' holds an older connection, which is lost; try again later"))
        }
    }

    func count(retransmissions: Int) {
        guard retransmissions > 0 else { return }
        state.withLock { $0.counts.retransmitted += retransmissions }
    }

    func reportRefusal(of connection: Connection, reason error: TesseraError) {
        state.withLock { $0.counts.refused += 1 }
        logger.warning(
            "connection refused", metadata: ["address": "\(connection.remoteAddress)", "reason": "\(error)"])
    }
}

extension Connection {
    var remoteAddress: String { channel.remoteAddress?.hostAndPort ?? "unknown" }
}
