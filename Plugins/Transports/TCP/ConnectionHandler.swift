import NIOCore
import TesseraCluster
import TesseraCore

/// Speaks the wire protocol on one connection: introduces the peers to each other, then moves messages.
///
/// Confined to the event loop of its channel. What others share of it is `connection`.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Phase {
        case awaitingPreamble
        case awaitingHello
        case awaitingReady(PeerInformation)
        case established(PeerInformation)
        /// Nothing is read any more; the channel waits until the peer has read what was sent last.
        case ended
    }

    let transport: TCPTransport
    let connection: Connection
    /// Whether this side dialed the other.
    let isDialer: Bool
    /// Completed once the dialed peer can be sent to, by this connection or another.
    private var dial: EventLoopPromise<PeerID>?
    var phase = Phase.awaitingPreamble

    // Reading.
    var preamble: [UInt8] = []
    var parser = FrameParser(limits: .handshake)
    /// What the frame that arrives takes of the transport's memory.
    var share: ByteBudget.Share?
    /// A read was asked for while too much was unread.
    var wantsRead = false
    var lastHeard = NIODeadline.now()

    // Writing.
    var current: OutgoingFrame?
    var isPumping = false
    var isLeaving = false
    var hasWritten = false
    /// Segments that were sent again, when that was looked at last.
    private var retransmitted = 0

    private var timer: Scheduled<Void>?
    private var cause: (any Error)?

    var settings: TCPSettings { transport.settings }

    /// - Parameter dial: completed with the peer that was dialed; nil for a connection that was accepted.
    init(transport: TCPTransport, channel: any Channel, dial: EventLoopPromise<PeerID>?) {
        self.transport = transport
        self.dial = dial
        isDialer = dial != nil
        connection = Connection(channel: channel, settings: transport.settings)
    }

    // MARK: The channel's life

    func channelActive(context: ChannelHandlerContext) {
        var buffer = context.channel.allocator.buffer(bytes: WireFormat.preamble())
        if isDialer { buffer.writeBytes(transport.hello) }
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        schedule(in: settings.handshakeTimeout, context) { handler, context in
            handler.drop(
                context,
                TesseraError(
                    .nodeFailure, "a peer did not introduce itself within \(handler.settings.handshakeTimeout) s"))
        }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        detach(reason: lossError)
        timer?.cancel()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let failure = transport.identity?.failure(error, in: context) { return drop(context, failure) }
        cause = error
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let signal = event as? Connection.Signal else { return context.fireUserInboundEventTriggered(event) }
        switch signal {
        case .send: pump(context)
        case .resumeReading: resumeReading(context)
        case .leave: leave(context)
        case .checkAgain: checkAgain(context)
        case .abort: drop(context, TesseraError(.nodeFailure, "'\(transport.localPeer)' was stopped"))
        case .supersede: end(context, reason: nil, farewell: transport.redundancy)
        }
    }

    // MARK: The end

    /// Ends the connection in good order: the peer gets to read `farewell`, if there is one.
    func end(_ context: ChannelHandlerContext, reason: TesseraError?, farewell: Frame?) {
        guard !hasEnded else { return }
        countRetransmissions(context)
        detach(reason: reason)
        if let farewell, current == nil { write(farewell, context) }
        context.flush()
        // Closing both directions while the peer still sends would reset the connection and take the farewell with it.
        context.close(mode: .output, promise: nil)
        resumeReading(context)
        // What is queued in the kernel is lost too if the socket closes before the peer has read it.
        schedule(in: isLeaving ? settings.closeTimeout : 1, context) { _, context in context.close(promise: nil) }
    }

    /// Ends the connection at once.
    func drop(_ context: ChannelHandlerContext, _ error: TesseraError) {
        countRetransmissions(context)
        detach(reason: error)
        context.close(promise: nil)
    }

    var hasEnded: Bool {
        if case .ended = phase { true } else { false }
    }

    /// The dialed peer, if any, can be sent to.
    func succeedDial(_ peer: PeerID) {
        dial?.succeed(peer)
        dial = nil
    }

    /// The dialed peer, if any, is reached by another connection, once that is established.
    func followDial(_ peer: PeerID) {
        if let dial { transport.follow(peer, dial) }
        dial = nil
    }

    private func detach(reason: TesseraError?) {
        let error: TesseraError
        switch phase {
        case .ended:
            return
        case .established(let information):
            error = reason ?? TesseraError(.nodeFailure, "the connection to '\(information.peer)' is closed")
            transport.release(information.peer, connection, reason: reason)
        case .awaitingReady(let information):
            error = reason ?? TesseraError(.nodeFailure, "another connection to '\(information.peer)' is used")
            transport.release(information.peer, connection, reason: reason)
        case .awaitingPreamble, .awaitingHello:
            error = reason ?? TesseraError(.nodeFailure, "the connection was closed before the peers had met")
        }
        // A dialer throws the error to whoever asked it to dial.
        if let reason, !isEstablished, !isDialer { transport.reportRefusal(of: connection, reason: reason) }
        dial?.fail(error)
        dial = nil
        phase = .ended
        share = nil
        current = nil
        connection.outgoing.fail(error)
    }

    private var isEstablished: Bool {
        if case .established = phase { true } else { false }
    }

    private var lossError: TesseraError {
        switch phase {
        case .established(let information):
            TesseraError(.nodeFailure, "the connection to '\(information.peer)' was lost", cause: cause)
        default:
            TesseraError(.nodeFailure, "a peer closed the connection before it had introduced itself", cause: cause)
        }
    }

    // MARK: Time

    /// Adds what the system has sent again since this was last called to the transport's count.
    func countRetransmissions(_ context: ChannelHandlerContext) {
        guard let socket = context.channel as? any SocketOptionProvider else { return }
        socket.getTCPInfo().assumeIsolated().whenSuccess { [self] information in
            let count = Int(information.tcpi_total_retrans)
            transport.count(retransmissions: count - retransmitted)
            retransmitted = count
        }
    }

    /// Runs `action` later, in place of what was scheduled before.
    func schedule(
        in seconds: Double, _ context: ChannelHandlerContext,
        _ action: @escaping (ConnectionHandler, ChannelHandlerContext) -> Void
    ) {
        timer?.cancel()
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(seconds)) { action(self, context) }
    }
}
