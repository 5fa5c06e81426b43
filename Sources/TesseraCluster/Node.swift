import Foundation
import Logging
import TesseraCore
import TesseraPartition
import TesseraRuntime

/// One member of a cluster. It computes tiles for whoever leads, and leads whatever task it is handed itself: there is no
/// fixed leader (METHODS.md A7), and several tasks may be under way at once.
public actor Node {
    /// A task whose tiles this node computes.
    private struct Duty {
        let leader: PeerID
        let inbox: AsyncStream<DutyEvent>.Continuation
        let work: TileWork
    }

    /// What the work for a leader hears: messages of its task, and of any peer that it left.
    enum DutyEvent: Sendable {
        /// The share is what the message takes of the node's memory while it waits; nil for the node's own.
        case received(Message, from: PeerID, ByteBudget.Share?)
        case left(PeerID, reason: TesseraError?)
    }

    /// What a leader's task hears.
    enum TaskEvent: Sendable {
        case received(Message, from: PeerID)
        case left(PeerID, reason: TesseraError?)
    }

    public nonisolated let transport: any Transport
    nonisolated let operators: Registry<any Operator>
    nonisolated let backend: any KernelBackend
    nonisolated let options: CompileOptions
    nonisolated let logger: Logger
    nonisolated let limits: NodeLimits
    nonisolated let weights: WeightStore
    nonisolated let decoder: (any WeightDecoder)?
    /// What tasks have of this node's memory.
    nonisolated let memory: ByteBudget
    /// Weights that wait to be hashed and kept, which may arrive faster than that goes.
    private let arriving: ByteBudget
    nonisolated let counts = NodeMetrics()
    nonisolated let compute: ComputeThread
    /// For weights that are coded, so that tiles need not wait for them.
    nonisolated let decoding: ComputeThread
    nonisolated let clock: NodeClock
    /// Questions that wait for their answer, and how many answers are under way.
    var questions: [UUID: PendingQuestion] = [:]
    var answering = 0
    private var duties: [UUID: Duty] = [:]
    /// The tasks that this node leads.
    private var led: [UUID: AsyncStream<TaskEvent>.Continuation] = [:]
    private var listening: Task<Void, Never>?

    /// - Parameters:
    ///   - transport: started, with its events not yet consumed by anybody.
    ///   - operators: those it can run.
    ///   - backend: what runs them.
    ///   - options: with the number of threads this node may use.
    ///   - clock: what it notes times by.
    ///   - limits: what it takes on at most.
    ///   - archive: where it keeps weights; nil for memory alone.
    ///   - decoder: makes weights of what leaders send in their place; nil for a node that takes them only as they are.
    public init(
        transport: any Transport, operators: Registry<any Operator>, backend: any KernelBackend,
        options: CompileOptions = CompileOptions(), clock: NodeClock = .monotonic, limits: NodeLimits = NodeLimits(),
        archive: (any WeightArchive)? = nil, decoder: (any WeightDecoder)? = nil,
        logger: Logger = Logger(label: "tessera.node")
    ) {
        self.transport = transport
        self.decoder = decoder
        self.operators = operators
        self.backend = backend
        self.options = options
        self.clock = clock
        self.logger = logger
        self.limits = limits
        weights = WeightStore(limit: limits.weightByteCount, archive: archive, logger: logger)
        memory = ByteBudget("memory", limit: limits.memoryByteCount)
        arriving = ByteBudget("weights", limit: limits.arrivingByteCount)
        compute = ComputeThread(name: "tessera \(transport.localPeer)")
        decoding = ComputeThread(name: "weights \(transport.localPeer)")
    }

    /// How many tasks it works for.
    var taskCount: Int { duties.count }

    public nonisolated var name: PeerID { transport.localPeer }

    /// Begins to listen to the others.
    public func start() {
        guard listening == nil else { return }
        listening = Task { [transport, weak self] in
            for await event in transport.events { await self?.handle(event) }
            await self?.stopAll()
        }
    }

    /// Waits until the transport is closed.
    public func waitUntilClosed() async { await listening?.value }

    /// Takes leave of the others and ends what is under way.
    public func close() async {
        await transport.close()
        stopAll()
        compute.close()
        decoding.close()
    }

    // MARK: Sending

    /// Whether messages reach a peer without passing through others.
    nonisolated func isConnected(to peer: PeerID) -> Bool {
        peer == name || transport.peers.contains { $0.peer == peer }
    }

    /// Sends to a peer, or to this node itself.
    nonisolated func send(_ message: Message, to peer: PeerID) async throws {
        if peer == name {
            // Not by the thread that computes: whatever else arrives would wait for its kernels.
            await withTaskExecutorPreference(globalConcurrentExecutor) {
                await handle(.received(message, from: name))
            }
        } else {
            try await transport.send(message, to: peer)
            counts.sent(message)
        }
    }

    /// Sends to all others, and to this node itself.
    nonisolated func broadcast(_ message: Message) async throws {
        counts.sent(message, copies: transport.broadcastsOnce ? 1 : transport.peers.count)
        try await transport.broadcast(message)
        await handle(.received(message, from: name))
    }

    // MARK: Receiving

    private func handle(_ event: TransportEvent) {
        switch event {
        case .appeared(let peer, _): logger.debug("peer appeared", metadata: ["peer": "\(peer)"])
        case .left(let peer, let reason):
            logger.debug(
                "peer left",
                metadata: ["peer": "\(peer)", "reason": "\(reason.map(String.init(describing:)) ?? "leave")"])
            failQuestions(to: peer, reason: reason)
            for task in led.values { task.yield(.left(peer, reason: reason)) }
            for (task, duty) in duties {
                if duty.leader == peer { end(task) } else { duty.inbox.yield(.left(peer, reason: reason)) }
            }
        case .received(let message, let peer):
            if peer != name { counts.received(message) }
            receive(message, from: peer)
        }
    }

    private func receive(_ message: Message, from peer: PeerID) {
        switch message.kind {
        case ProbeMessage.probe: answerProbe(message, from: peer, at: clock.now)
        case ProbeMessage.measure: answerMeasure(message, from: peer)
        case StatusMessage.ask: answerStatus(message, from: peer)
        case ProbeMessage.echo, ProbeMessage.measured, StatusMessage.answer:
            receiveAnswer(message, from: peer, at: clock.now)
        case TaskMessage.lead: announce(message, from: peer)
        case TaskMessage.layers, TaskMessage.weights, TaskMessage.collect, TaskMessage.times:
            guard let task = task(of: message, from: peer), let duty = duties[task], duty.leader == peer else { return }
            hand(message, from: peer, to: duty, task)
        case TaskMessage.pieces:
            // Other nodes send them, too; the work knows who may.
            guard let task = task(of: message, from: peer), let duty = duties[task] else { return }
            hand(message, from: peer, to: duty, task)
        case TaskMessage.finished:
            guard let task = task(of: message, from: peer), duties[task]?.leader == peer else { return }
            end(task)
        case TaskMessage.wanted, TaskMessage.ready, TaskMessage.made, TaskMessage.submap, TaskMessage.noted,
            TaskMessage.failed, TaskMessage.forward:
            guard let task = task(of: message, from: peer) else { return }
            led[task]?.yield(.received(message, from: peer))
        default:
            counts.ignoredMessage()
            logger.debug("ignored an unknown message", metadata: ["peer": "\(peer)", "kind": "\(message.kind)"])
        }
    }

    private func task(of message: Message, from peer: PeerID) -> UUID? {
        guard let task = try? message.task() else {
            counts.ignoredMessage()
            logger.debug(
                "ignored a message without a task", metadata: ["peer": "\(peer)", "kind": "\(message.kind)"])
            return nil
        }
        return task
    }

    private func announce(_ message: Message, from leader: PeerID) {
        guard let task = task(of: message, from: leader), duties[task] == nil else { return }
        guard duties.count < limits.tasks else {
            let error = TesseraError(
                .limitExceeded, "expected at most \(limits.tasks) tasks (the limit 'tasks'), found one more")
            return refuse(task, of: leader, error)
        }
        logger.debug("a peer leads a task", metadata: ["leader": "\(leader)", "task": "\(task)"])
        let (stream, inbox) = AsyncStream.makeStream(of: DutyEvent.self)
        let work = TileWork(task: task, leader: leader, node: self)
        duties[task] = Duty(leader: leader, inbox: inbox, work: work)
        // Whatever time somebody has who made this node work: this is another one's task.
        Deadline.lift {
            _ = Task {
                await work.run(stream)
                end(task)
            }
        }
    }

    private func hand(_ message: Message, from peer: PeerID, to duty: Duty, _ task: UUID) {
        do {
            let budget = message.kind == TaskMessage.weights ? arriving : memory
            let share = peer == name ? nil : try budget.reserve(message.byteCount)
            duty.inbox.yield(.received(message, from: peer, share))
        } catch {
            refuse(task, of: duty.leader, error)
        }
    }

    /// Tells a leader that its task is more than this node takes on.
    private func refuse(_ task: UUID, of leader: PeerID, _ error: any Error) {
        end(task)
        counts.failed(.limitExceeded)
        logger.warning("refused a task", metadata: ["leader": "\(leader)", "task": "\(task)", "error": "\(error)"])
        let code = TesseraError.Code.limitExceeded.rawValue
        let failure = TaskMessage.Failure(task: task, code: code, message: "\(error)")
        reply(to: leader) { try Message(kind: TaskMessage.failed, body: failure) }
    }

    var dutyCount: Int { duties.count }
    var ledCount: Int { led.count }

    private func end(_ task: UUID) {
        guard let duty = duties.removeValue(forKey: task) else { return }
        duty.inbox.finish()
        duty.work.cancel()
    }

    private func stopAll() {
        failQuestions(to: nil, reason: nil)
        for task in Array(duties.keys) { end(task) }
        for task in led.values { task.finish() }
        led = [:]
    }

    // MARK: Leading

    /// Opens a task that this node leads.
    func open(_ task: UUID) -> AsyncStream<TaskEvent> {
        let (stream, continuation) = AsyncStream.makeStream(of: TaskEvent.self)
        led[task] = continuation
        return stream
    }

    func close(_ task: UUID) { led.removeValue(forKey: task)?.finish() }
}
