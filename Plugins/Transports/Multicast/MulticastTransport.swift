import Crypto
import Foundation
import Logging
import TesseraCluster
import TesseraCore
import TransportTCP

/// Peers that are connected by TCP, and that send what goes to all of them by multicast (METHODS.md A1).
///
/// Who the peers are, and what goes to one of them, is TCP's. A broadcast is announced to each peer by TCP, which gives it its place
/// among the sender's messages, and goes out once by NORM (RFC 5740). Peers that do not confirm it in time, or do not belong to the
/// group at all, are sent it by TCP.
public final class MulticastTransport: ListeningTransport, CheckableTransport {
    /// What is to be done outside the locks under which it became necessary.
    private enum Errand: Sendable {
        case confirm(PeerID)
        case feed(PeerID)
        case watch
    }

    /// Tells others which group a peer belongs to.
    private static let capability = "multicast"

    public let settings: MulticastSettings
    private let tcp: TCPTransport
    private let membership: GroupMembership
    private let inbox: MulticastInbox
    private let outbox: MulticastOutbox
    private let queue: EventQueue
    private let errands: AsyncStream<Errand>.Continuation
    private let logger: Logger
    /// Whether broadcasts are sealed: there are certificates, so that TCP keeps their keys.
    private let isSealed: Bool
    /// Lets one broadcast after the other through.
    private let turn = FlowWindow(bound: 1)

    private init(
        tcp: TCPTransport, membership: GroupMembership, inbox: MulticastInbox, outbox: MulticastOutbox,
        queue: EventQueue,
        errands: AsyncStream<Errand>.Continuation, settings: MulticastSettings, isSealed: Bool, logger: Logger
    ) {
        (self.tcp, self.membership, self.inbox, self.outbox) = (tcp, membership, inbox, outbox)
        (self.queue, self.errands, self.settings, self.isSealed) = (queue, errands, settings, isSealed)
        self.logger = logger
    }

    /// Joins the group, listens, if an address is given, and connects to the peers.
    ///
    /// - Throws: `notFound` for an interface that is not there, `notSupported` for one off loopback without certificates, `inputOutput`
    ///   for a group that cannot be joined, and what `TCPTransport.start` throws.
    public static func start(
        _ options: TransportOptions, settings: MulticastSettings = MulticastSettings()
    ) async throws -> MulticastTransport {
        try await start(options, settings: settings, hooks: MulticastHooks())
    }

    package static func start(
        _ options: TransportOptions, settings: MulticastSettings, hooks: MulticastHooks
    ) async throws -> MulticastTransport {
        try settings.validate()
        let interface = try NetworkInterface(named: settings.interface)
        guard interface.isLoopback || options.certificates != nil else {
            throw TesseraError(
                .notSupported,
                "'\(interface.name)' leads off loopback, where nothing runs without certificates: 'tessera cluster init' makes them, and 'security: {certificates: FOLDER}' names them"
            )
        }
        var options = options
        options.information.capabilities[capability] = try MulticastGroup(settings.group).description

        let queue = EventQueue()
        let (stream, errands) = AsyncStream.makeStream(of: Errand.self)
        let inbox = MulticastInbox(
            limits: settings.tcp.limits, unreadLimit: settings.tcp.receiveQueue, logger: options.logger, queue: queue
        ) { errands.yield(.confirm($0)) }
        let membership = try GroupMembership(
            settings, node: options.information.multicastNode, hooks: hooks, logger: options.logger
        ) { inbox.received($0) }
        let outbox = MulticastOutbox(membership: membership, settings: settings)
        membership.onLoss.withLock { action in
            action = { [weak outbox] in for peer in outbox?.interrupt() ?? [] { errands.yield(.feed(peer)) } }
        }
        let tcp: TCPTransport
        do {
            tcp = try await TCPTransport.start(options, settings: settings.tcp) { [options] event, onConsumption in
                observe(event, onConsumption, options, inbox, outbox)
            }
        } catch {
            await membership.close()
            throw error
        }
        let transport = MulticastTransport(
            tcp: tcp, membership: membership, inbox: inbox, outbox: outbox, queue: queue, errands: errands,
            settings: settings,
            isSealed: options.certificates != nil, logger: options.logger)
        Task { for await errand in stream { Task { await transport.run(errand) } } }
        return transport
    }

    // MARK: What others have of it

    public var information: PeerInformation { tcp.information }
    public var events: AsyncStream<TransportEvent> { queue.events }
    public var peers: [PeerInformation] { tcp.peers }
    public var listenAddress: String? { tcp.listenAddress }
    public var broadcastsOnce: Bool { true }

    var connectionMetrics: [MetricFamily] { tcp.metrics }

    /// Sends all peers something by multicast that means nothing to them.
    ///
    /// - Returns: peers that did not hear it, and such as belong to another group or to none.
    package func whoHears() async throws -> (deaf: [PeerID], others: [PeerID]) {
        // A task that nobody has is over.
        try await broadcast(Message(kind: "finished", body: ["task": UUID()]))
        await outbox.waitUntilEmpty()
        let group = information.capabilities[Self.capability]
        return (outbox.resting, peers.filter { $0.capabilities[Self.capability] != group }.map(\.peer))
    }

    /// What it has seen so far.
    public var counts: MulticastCounts {
        var counts = inbox.counts
        let sent = outbox.counts
        (counts.broadcasts, counts.broadcastByteCount) = (sent.broadcasts, sent.broadcastByteCount)
        counts.substitutes = sent.substitutes
        return counts
    }

    @discardableResult
    public func connect(to address: String) async throws -> PeerID { try await tcp.connect(to: address) }

    public func send(_ message: Message, to peer: PeerID) async throws {
        try check(message)
        try await outbox.admit(message.byteCount, to: peer)
        try await tcp.send(message, to: peer)
    }

    private func check(_ message: Message) throws {
        try settings.tcp.limits.check(message)
        guard !message.kind.hasPrefix(MulticastMessage.prefix) else {
            throw TesseraError(
                .invalidArgument, "messages whose kind begins with '\(MulticastMessage.prefix)' are the transport's own"
            )
        }
    }

    public func close() async {
        await within(seconds: settings.tcp.closeTimeout) { [outbox] in await outbox.waitUntilEmpty() }
        await tcp.close()
        await end()
    }

    package var largestMessage: Int? { settings.tcp.limits.frame }

    /// Closes without leave, as a crash does.
    package func abort() async {
        await tcp.abort()
        await end()
    }

    /// Does without multicast until the group can be joined again, as when nothing can be sent.
    package func loseGroup() { membership.lose() }

    /// Whether broadcasts go by multicast now.
    package var hasGroup: Bool { membership.isMember }

    private func end() async {
        await membership.close()
        errands.finish()
        queue.finish()
    }

    // MARK: Broadcasting

    public func broadcast(_ message: Message) async throws {
        try check(message)
        let content = try BroadcastContent(message)
        try await turn.admit(1)
        defer { turn.release(1) }
        // Once it is announced, receivers wait for it, so it goes on even if nobody here waits any more.
        try await Task { try await distribute(content) }.value
    }

    private func distribute(_ content: BroadcastContent) async throws {
        let peers = tcp.peers.map(\.peer)
        let reachable = outbox.reachable(peers)
        let others = peers.filter { !reachable.contains($0) }
        guard !reachable.isEmpty else { return try await sendToAll(others, content.message) }
        let (number, appearances) = outbox.begin(content, to: reachable)
        let key = isSealed ? SymmetricKey(size: .bits256) : nil
        let announcement = try Announcement(number: number, content: content, key: key).message()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.sendToAll(others, content.message) }
            for peer in reachable {
                group.addTask {
                    try await self.announce(announcement, number, content.message, to: peer, appearances[peer])
                }
            }
            group.addTask { try await self.send(content, number, key) }
            try await group.waitForAll()
        }
    }

    /// Gives a broadcast its place among the messages to a peer.
    private func announce(
        _ announcement: Message, _ number: UInt64, _ message: Message, to peer: PeerID, _ appearance: UInt64?
    ) async throws {
        do {
            try await tcp.send(announcement, to: peer)
            if outbox.hasComeAnew(peer, since: appearance) {
                // It has the announcement, but nobody waits for its confirmation.
                try await tcp.send(MulticastMessage.Substitute.message(number, message), to: peer)
            }
        } catch let error as TesseraError where error.code == .nodeFailure {
            return
        }
        if outbox.announced(number, to: peer) { await feed(peer) }
    }

    private func send(_ content: BroadcastContent, _ number: UInt64, _ key: SymmetricKey?) async throws {
        let seal = key.map { ObjectSeal(key: $0, sender: localPeer) }
        for index in 0..<content.objectCount {
            let label = ObjectLabel(instance: information.instance, number: number, index: index)
            let mustWatch = try await outbox.send(number, index) {
                let object = content.object(index)
                return label.bytes + (try seal?.seal(object, label) ?? object)
            }
            if mustWatch { errands.yield(.watch) }
        }
    }

    // MARK: Errands

    private func run(_ errand: Errand) async {
        switch errand {
        case .confirm(let peer):
            for confirmation in inbox.confirmations(for: peer) {
                guard let message = try? Message(kind: MulticastMessage.confirmation, body: confirmation) else {
                    continue
                }
                try? await tcp.send(message, to: peer)
            }
        case .feed(let peer): await feed(peer)
        case .watch: await watch()
        }
    }

    /// Looks for peers that lag for as long as anything is under way.
    private func watch() async {
        while let time = outbox.nextCheck() {
            try? await Task.sleep(until: time)
            for peer in outbox.lagging() {
                logger.warning(
                    "a node does not confirm what is sent by multicast, so it is sent that by TCP",
                    metadata: ["peer": "\(peer)", "group": "\(settings.group)"])
                errands.yield(.feed(peer))
            }
        }
    }

    /// Sends a peer by TCP what it has not confirmed.
    private func feed(_ peer: PeerID) async {
        while let (number, message) = outbox.nextMeal(for: peer) {
            do {
                try await tcp.send(MulticastMessage.Substitute.message(number, message), to: peer)
            } catch {
                logger.debug("a peer cannot be fed", metadata: ["peer": "\(peer)", "error": "\(error)"])
            }
            outbox.fed(number, to: peer)
        }
    }

    // MARK: What TCP reports

    private static func observe(
        _ event: TransportEvent, _ onConsumption: (@Sendable () -> Void)?, _ options: TransportOptions,
        _ inbox: MulticastInbox,
        _ outbox: MulticastOutbox
    ) {
        switch event {
        case .appeared(let peer, let information):
            inbox.appeared(information)
            if information.capabilities[capability] == options.information.capabilities[capability] {
                outbox.add(peer)
            } else {
                // Whoever leads asked for multicast; a node is also met by those who only ask how it is.
                options.logger.log(
                    level: options.listen == nil ? .warning : .notice,
                    "a node does not belong to the multicast group, so it is sent everything by TCP",
                    metadata: ["peer": "\(peer)", "group": "\(options.information.capabilities[capability] ?? "")"])
            }
        case .left(let peer, let reason):
            outbox.remove(peer)
            inbox.left(peer, reason: reason)
        case .received(let message, let peer):
            guard message.kind.hasPrefix(MulticastMessage.prefix) else {
                return inbox.received(message, from: peer, onConsumption)
            }
            onConsumption?()
            do {
                try obey(message, from: peer, inbox, outbox)
            } catch {
                options.logger.error(
                    "a peer cannot be understood", metadata: ["peer": "\(peer)", "error": "\(error)"])
            }
        }
    }

    private static func obey(_ message: Message, from peer: PeerID, _ inbox: MulticastInbox, _ outbox: MulticastOutbox)
        throws
    {
        switch message.kind {
        case MulticastMessage.announcement: try inbox.announced(message, by: peer)
        case MulticastMessage.substitute: try inbox.substituted(message, by: peer)
        case MulticastMessage.confirmation:
            let confirmation = try message.decode(MulticastMessage.Confirmation.self)
            outbox.confirm(confirmation.number, confirmation.objects, by: peer)
        default: throw TesseraError(.protocolViolation, "found a message of kind '\(message.kind)'")
        }
    }
}

extension PeerInformation {
    /// Names this run of the peer in multicast groups; two values mean something else there.
    var multicastNode: UInt32 {
        let number = withUnsafeBytes(of: instance.uuid) { $0.loadUnaligned(as: UInt32.self) }
        return min(max(number, 1), .max - 1)
    }
}

/// Returns when `body` does, or when the time is over.
private func within(seconds: Double, _ body: @escaping @Sendable () async -> Void) async {
    let (done, continuation) = AsyncStream.makeStream(of: Void.self)
    let work = Task {
        await body()
        continuation.yield()
    }
    let timer = Task {
        try? await Task.sleep(for: .seconds(seconds))
        continuation.yield()
    }
    for await _ in done { break }
    work.cancel()
    timer.cancel()
}
