import Synchronization
import TesseraCore

/// The reference transport: peers of one process hand each other their messages as they are.
public final class LoopbackTransport: Transport {
    /// The way to one other peer.
    private struct Link {
        let peer: LoopbackTransport
        /// What was sent on it and not consumed yet.
        let window: FlowWindow
    }

    private struct State {
        var links: [PeerID: Link] = [:]
        var hasLeft = false
    }

    public let information: PeerInformation
    private let hub: LoopbackHub
    private let bound: Int
    private let queue = EventQueue()
    private let state = Mutex(State())

    init(_ information: PeerInformation, hub: LoopbackHub, bound: Int) {
        self.information = information
        self.hub = hub
        self.bound = bound
    }

    public var events: AsyncStream<TransportEvent> { queue.events }

    public var peers: [PeerInformation] {
        state.withLock { $0.links.values.map(\.peer.information) }.sorted { $0.peer < $1.peer }
    }

    public func send(_ message: Message, to peer: PeerID) async throws {
        guard let link = state.withLock({ $0.links[peer] }) else {
            throw TesseraError(.nodeFailure, "no peer '\(peer)' is connected to '\(localPeer)'")
        }
        try await link.window.admit(message.byteCount)
        guard link.peer.receive(message, from: self, through: link.window) else {
            throw TesseraError(.nodeFailure, "the connection to '\(peer)' was lost")
        }
    }

    public func broadcast(_ message: Message) async throws {
        try await sendToAll(peers.map(\.peer), message)
    }

    public func close() async { hub.part(self, reason: nil) }

    func drop() { hub.drop(localPeer) }

    func meet(_ peer: LoopbackTransport) {
        state.withLock { state in
            state.links[peer.localPeer] = Link(peer: peer, window: FlowWindow(bound: bound))
            queue.push(.appeared(peer.localPeer, peer.information))
        }
    }

    func lose(_ peer: PeerID, reason: TesseraError?) {
        // Pushed under the lock that `receive` takes as well, so that nothing of the peer comes after it.
        let link = state.withLock { state in
            let link = state.links.removeValue(forKey: peer)
            if link != nil { queue.push(.left(peer, reason: reason)) }
            return link
        }
        link?.window.fail(reason ?? TesseraError(.nodeFailure, "'\(peer)' has left"))
    }

    /// Loses all peers and ends the events.
    func leave() {
        for peer in peers { lose(peer.peer, reason: nil) }
        queue.finish()
    }

    /// Says whether the sender is connected here still, rather than another that took its name.
    private func receive(_ message: Message, from sender: LoopbackTransport, through window: FlowWindow) -> Bool {
        let byteCount = message.byteCount
        return state.withLock { state in
            guard state.links[sender.localPeer]?.peer === sender else { return false }
            queue.push(.received(message, from: sender.localPeer)) { window.release(byteCount) }
            return true
        }
    }
}
