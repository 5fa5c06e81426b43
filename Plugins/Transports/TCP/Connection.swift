import NIOCore
import TesseraCluster

/// What the transport holds of a connection, whose event loop does the rest.
struct Connection: Identifiable, Sendable {
    /// What a connection is told from outside its event loop.
    enum Signal: Sendable {
        /// Frames wait in the outgoing queue.
        case send
        /// Enough was consumed to read on.
        case resumeReading
        /// Take leave: send what is queued, then close.
        case leave
        /// Look whether the peer's certificate has been withdrawn.
        case checkAgain
        /// Close as a crash would.
        case abort
        /// Another connection to the same peer is used instead.
        case supersede
    }

    let channel: any Channel
    let outgoing: OutgoingQueue
    let inbound: InboundAccount

    init(channel: any Channel, settings: TCPSettings) {
        self.channel = channel
        outgoing = OutgoingQueue(bound: settings.sendQueue)
        inbound = InboundAccount(bound: settings.receiveQueue)
    }

    var id: ObjectIdentifier { ObjectIdentifier(channel) }

    func signal(_ signal: Signal) { channel.pipeline.fireUserInboundEventTriggered(signal) }

    func send(_ frame: OutgoingFrame) async throws {
        if try await outgoing.append(frame) { signal(.send) }
    }
}
