import Logging
import NIOCore
import NIOPosix
import Synchronization
import TesseraCluster
import TesseraCore
import TesseraSecurity

/// Peers that are connected by TCP, each to each that it dialed or was dialed by.
///
/// With certificates all connections are encrypted, and both ends authenticated. Without, only loopback addresses are accepted:
/// anybody on the network could join. A transport holds its sockets until it is closed.
public final class TCPTransport: ListeningTransport, CheckableTransport {
    struct State {
        var table: PeerTable<Connection>
        /// All connections, also those whose peer is not known yet.
        var channels: [ObjectIdentifier: any Channel] = [:]
        /// Those whose other end has not said who it is.
        var strangers: Set<ObjectIdentifier> = []
        var counts = TCPCounts()
        /// The number of the list of withdrawn certificates that connections were checked by.
        var checkedList = 0
        var listener: (any Channel)?
        /// Dialers that wait for a peer to be established by another connection.
        var followers: [PeerID: [EventLoopPromise<PeerID>]] = [:]
        var closing: EventLoopFuture<Void>?
    }

    /// Takes events in place of `events`, each with what is to be called once it is consumed: for transports that are built on this
    /// one. It is called in order, partly under a lock, so it must not call the transport.
    package typealias Observer = @Sendable (TransportEvent, _ onConsumption: (@Sendable () -> Void)?) -> Void

    public let information: PeerInformation
    public let settings: TCPSettings
    let logger: Logger
    private let queue = EventQueue()
    /// Takes what happens, usually to the queue.
    let report: Observer
    let state: Mutex<State>
    /// For messages that arrive or are unread.
    let memory: ByteBudget
    let group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    /// The frame that introduces this peer.
    let hello: [UInt8]
    /// Nil for connections that are neither encrypted nor authenticated.
    let identity: TLSIdentity?

    private init(_ options: TransportOptions, settings: TCPSettings, observer: Observer?) throws {
        try options.information.validate()
        try settings.validate()
        identity = try options.certificates.map { try TLSIdentity(CertificateFolder($0)) }
        if let name = identity?.member.name,
            !ClusterMember.mayCallItself(options.information.peer.name, holding: name)
        {
            throw TesseraError(
                .invalidArgument,
                "expected this peer to be called '\(name)' as its certificate says, found '\(options.information.peer)'"
            )
        }
        information = options.information
        self.settings = settings
        memory = ByteBudget("memory", limit: settings.memoryByteCount)
        report = observer ?? { [queue] event, onConsumption in queue.push(event, onConsumption: onConsumption) }
        logger = options.logger
        hello = try Frame(.hello, Message(kind: "", body: options.information)).head()
        guard hello.count <= FrameLimits.handshake.frame else {
            throw TesseraError(
                .limitExceeded, "what '\(information.peer)' tells of itself takes \(hello.count) bytes, too many")
        }
        state = Mutex(
            State(table: PeerTable(local: options.information), checkedList: identity?.revocations.list?.number ?? 0))
    }

    /// Listens, if an address is given, and connects to the peers.
    ///
    /// - Throws: `inputOutput` for an address that cannot be listened on, what `connect(to:)` throws, `invalidArgument`
    ///   for settings or a name that cannot be, or certificates that cannot be used.
    public static func start(
        _ options: TransportOptions, settings: TCPSettings = TCPSettings()
    ) async throws -> TCPTransport {
        try await start(options, settings: settings, observer: nil)
    }

    package static func start(
        _ options: TransportOptions, settings: TCPSettings, observer: Observer?
    ) async throws -> TCPTransport {
        let transport = try TCPTransport(options, settings: settings, observer: observer)
        if transport.identity != nil { transport.watchRevocations() }
        do {
            if let address = options.listen { try await transport.listen(on: address) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for address in options.peers { group.addTask { try await transport.connect(to: address) } }
                try await group.waitForAll()
            }
        } catch {
            await transport.close()
            throw error
        }
        return transport
    }

    public var events: AsyncStream<TransportEvent> { queue.events }

    public var peers: [PeerInformation] { state.withLock { $0.table.established.map(\.information) } }

    public var listenAddress: String? { state.withLock { $0.listener?.localAddress?.hostAndPort } }

    public func send(_ message: Message, to peer: PeerID) async throws {
        guard let entry = state.withLock({ $0.closing == nil ? $0.table.established(peer) : nil }) else {
            throw TesseraError(.nodeFailure, "no peer '\(peer)' is connected to '\(localPeer)'")
        }
        try settings.limits.check(message)
        try await entry.connection.send(try OutgoingFrame(Frame(.message, message)))
    }

    public func broadcast(_ message: Message) async throws {
        try settings.limits.check(message)
        try await sendToAll(peers.map(\.peer), message)
    }

    public func close() async { await shutDown(.leave) }

    /// Closes all connections without leave, as a crash does.
    package func abort() async { await shutDown(.abort) }
    package var largestMessage: Int? { settings.limits.frame }

    private func shutDown(_ signal: Connection.Signal) async {
        let (channels, listener, earlier, promise) = state.withLock { state in
            let promise = group.any().makePromise(of: Void.self)
            let earlier = state.closing
            state.closing = earlier ?? promise.futureResult
            return (Array(state.channels.values), state.listener, earlier, promise)
        }
        if let earlier {
            promise.succeed()
            try? await earlier.get()
            return
        }
        try? await listener?.close()
        for channel in channels { channel.pipeline.fireUserInboundEventTriggered(signal) }
        let overdue = group.any().scheduleTask(in: .seconds(settings.closeTimeout)) {
            for channel in channels { channel.pipeline.fireUserInboundEventTriggered(Connection.Signal.abort) }
        }
        for channel in channels { try? await channel.closeFuture.get() }
        overdue.cancel()
        let followers = state.withLock { state in
            defer { state.followers = [:] }
            return state.followers.values.joined()
        }
        for follower in followers { follower.fail(TesseraError(.nodeFailure, "'\(localPeer)' was closed")) }
        queue.finish()
        promise.succeed()
    }
}
