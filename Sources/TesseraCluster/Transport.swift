import TesseraCore

/// Carries messages between named peers. What to do about a lost peer is decided above it.
///
/// Messages from one peer arrive in the order they were sent. Every peer's `left` comes once, after its last message.
/// `TransportConformance` checks all of this for any implementation.
public protocol Transport: Sendable {
    /// What this peer told the others about itself.
    var information: PeerInformation { get }

    /// What happens, in order, until the transport is closed. For a single consumer.
    ///
    /// A transport stops reading from peers while too much lies here unread, so whoever consumes the events must not
    /// wait for a `send` in between: two peers that both did would wait for each other.
    var events: AsyncStream<TransportEvent> { get }

    /// The peers that can be sent to at this moment.
    var peers: [PeerInformation] { get }

    /// Queues a message for a peer. Waits while too much is queued for it already.
    ///
    /// Returning means that the message is on its way, not that it arrived.
    /// - Throws: `nodeFailure` if there is no such peer or it was lost while waiting, `limitExceeded` for a message
    ///   larger than the transport carries, `CancellationError`.
    func send(_ message: Message, to peer: PeerID) async throws

    /// Queues a message for every peer connected now. A peer that is lost meanwhile is passed over: its `left` event
    /// says so.
    ///
    /// - Throws: `limitExceeded` for a message larger than the transport carries, `CancellationError`.
    func broadcast(_ message: Message) async throws

    /// Whether a broadcast crosses the network once, however many peers there are.
    var broadcastsOnce: Bool { get }

    /// Sends what is queued, takes leave of all peers and ends `events`. Closing twice does nothing more.
    func close() async
}

extension Transport {
    public var localPeer: PeerID { information.peer }

    public var broadcastsOnce: Bool { false }
}
