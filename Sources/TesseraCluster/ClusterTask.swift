import Foundation
import Logging
import TesseraCore
import TesseraPartition
import TesseraRuntime

/// A plan that runs on a cluster, led by the node that was handed it: prepared once, then any number of inferences, also several
/// at once.
///
/// The leader announces itself, distributes layers and weights, sends the pieces of the input, follows the nodes' progress, collects
/// their sub-maps, stitches them by coordinates and runs what follows (METHODS.md A1, A4-A7). What a stage needs of the one before,
/// nodes send each other.
///
/// A task belongs to whoever refers to it. It ends when it is told to `finish`, or else when nobody refers to it any more.
public actor ClusterTask {
    /// What the leader learned of one inference.
    public struct Report: Sendable {
        /// Its number among those of the task, counted from 1.
        public var inference: Int
        public var latency: Duration
        /// Bytes of messages to and from other nodes: of this inference, without the distribution of layers and weights.
        public var bytesSent: Int
        public var bytesReceived: Int
        /// Bytes of elements that nodes sent each other.
        public var bytesExchanged: Int
    }

    private let node: Node
    private let id = UUID()
    /// Names the task among all of all leaders.
    package var identifier: UUID { id }
    let plan: Plan
    /// The plan over the span's layers alone, as the nodes have it.
    private let span: Plan
    private let routes: TileRoutes
    private let peers: [PeerID]
    private let addresses: [String?]
    private let precision: PrecisionChoice
    private let kernels: [String: KernelChoice]
    /// What runs on the leader at the end.
    private var rest: Session?
    private var events = AsyncStream<Node.TaskEvent> { $0.finish() }
    /// What has to be sent while messages are followed.
    private var outbox = Outbox()
    private var isFinished = false
    /// What reads the events while inferences are under way.
    private var following: Task<Void, Never>?
    private var running: [Int: RunningInference] = [:]
    private var inference = 0
    private var bytesSent = 0
    /// Why no inference can be run any more: a `NodeLoss` or a `TesseraError`.
    private var failure: (any Error)?
    private let onLoss: (@Sendable (NodeLoss) -> Void)?
    private var isPrepared = false
    /// Nil for a task that is not timed.
    private let recorder: TimeRecorder?
    /// By inference, when it began and when it was over, by the leader's clock.
    private var times: [Int: Range<Int64>] = [:]
    /// Gets what nodes noted, while that is asked for.
    private var notes: AsyncThrowingStream<(PeerID, TaskMessage.Noted), any Error>.Continuation?
    /// Bytes of layers and weights that the preparation sent.
    public private(set) var distributedByteCount = 0
    /// Bytes by which that is less than if no weight had been coded.
    public private(set) var savedByteCount = 0
    private let coded: CodedWeights

    /// Makes `node` the leader of a task: announces it, distributes layers and weights, and returns when all are ready.
    ///
    /// - Parameters:
    ///   - peers: who is which node of the plan; the leader may be among them.
    ///   - addresses: where peers listen, so that nodes can connect to each other; what they cannot send directly goes by way of
    ///     the leader.
    ///   - exact: demand that all peers add in the same order as the leader, which the same instruction set guarantees.
    ///   - precision: that of the layers, on all nodes; nil for the leader's own.
    ///   - kernels: those that all nodes take, so that parts are made as the whole is; nil for the leader's own choice.
    ///   - timed: have all nodes note what they do when, for `timeline()`.
    ///   - coded: what is sent in place of weights.
    /// - Throws: `nodeFailure` naming the node that is lost or failed; `invalidArgument` for peers that do not fit.
    public static func lead(
        _ plan: Plan, on node: Node, peers: [PeerID], addresses: [PeerID: String] = [:], exact: Bool = true,
        precision: PrecisionChoice? = nil, kernels: [String: KernelChoice]? = nil, timed: Bool = false,
        coded: CodedWeights = CodedWeights()
    ) async throws -> ClusterTask {
        let task = try ClusterTask(
            plan, on: node, peers: peers, addresses: addresses, precision: precision, kernels: kernels, timed: timed,
            coded: coded)
        try await NodeLoss.asError { try await task.begin(exact: exact) }
        return task
    }

    /// Announces the task, distributes layers and weights, and returns when all are ready.
    ///
    /// - Throws: `NodeLoss`, and what `lead` throws.
    func begin(exact: Bool) async throws {
        do {
            // From here on nobody leaves unnoticed.
            await listen()
            try Self.check(peers, of: node, exact: exact)
            try await prepare()
        } catch {
            await finish()
            throw error
        }
    }

    /// All peers must be connected and, for an exact result, add in the leader's order.
    static func check(_ peers: [PeerID], of node: Node, exact: Bool) throws {
        let known = Dictionary(uniqueKeysWithValues: node.transport.peers.map { ($0.peer, $0) })
        for peer in peers where peer != node.name {
            guard let information = known[peer] else {
                throw NodeLoss(TesseraError(.nodeFailure, "node '\(peer)' is not connected"))
            }
            let own = "\(node.backend.nameAndVersion) on \(node.backend.instructionSet)"
            let other = "\(information.capabilities["backend"] ?? "") on \(information.instructionSet)"
            guard !exact || own == other else {
                throw TesseraError(
                    .invalidArgument,
                    "the leader computes with \(own), node '\(peer)' with \(other), so results would differ in the last bits; "
                        + "have the same library on both and limit it to what both have (ONEDNN_MAX_CPU_ISA), or deploy with 'exact: false'"
                )
            }
        }
    }

    /// A task that has not begun, see `lead`.
    ///
    /// - Parameter onLoss: told once if the task ends since a node was lost.
    init(
        _ plan: Plan, on node: Node, peers: [PeerID], addresses: [PeerID: String], precision: PrecisionChoice?,
        kernels: [String: KernelChoice]?, timed: Bool, coded: CodedWeights,
        onLoss: (@Sendable (NodeLoss) -> Void)? = nil
    ) throws {
        guard peers.count == plan.nodeCount, Set(peers).count == peers.count else {
            throw TesseraError(.invalidArgument, "expected \(plan.nodeCount) different peers, found \(peers.count)")
        }
        self.node = node
        self.plan = plan
        self.peers = peers
        self.addresses = peers.map { addresses[$0] }
        self.precision = precision ?? node.options.precision
        self.kernels = kernels ?? node.options.kernels
        self.onLoss = onLoss
        self.coded = coded
        recorder = timed ? TimeRecorder(node.clock) : nil
        span = try plan.spanOnly()
        // What the leader needs at the end follows from the whole.
        routes = TileRoutes(span, collecting: plan.collectedStages)
    }

    deinit {
        following?.cancel()
        outbox.close()
        guard !isFinished else { return }
        Task { [node, id] in await Self.end(id, on: node) }
    }

    private func listen() async { events = await node.open(id) }

    private func prepare() async throws {
        let (backend, plan) = (node.backend, plan)
        let options = CompileOptions(threads: node.options.threads, precision: precision, kernels: kernels)
        rest = try await node.compute.run {
            try Session(plan.remainingNetwork(), backend: backend, options: options)
        }
        try await distribute()
        isPrepared = true
        guard !plan.stages.isEmpty else { return }
        // Neither of them keeps the task alive.
        outbox = Outbox { [weak self] error in await self?.fail(error) }
        following = Task { [weak self, events] in
            for await event in events {
                guard await self?.follow(event) == true else { return }
            }
            await self?.failForShutdown()
        }
    }

    /// Tells the nodes that the task is over.
    public func finish() async {
        guard !isFinished else { return }
        isFinished = true
        fail(TesseraError(.nodeFailure, "the task is over"))
        following?.cancel()
        outbox.close()
        await Self.end(id, on: node)
    }

    private static func end(_ id: UUID, on node: Node) async {
        try? await node.broadcast(Message(kind: TaskMessage.finished, body: TaskMessage.Notice(task: id)))
        await node.close(id)
    }

    // MARK: Distribution

    private func distribute() async throws {
        guard !plan.stages.isEmpty else { return }
        try await broadcast(TaskMessage.lead, TaskMessage.Notice(task: id))
        let (description, weights) = GraphDescription.describe(span.graph)
        let regions = try TaskWeights.regions(of: span)
        let collected = routes.collected.sorted()
        let agreement = try TaskAgreement(span, graph: description, precision: precision, collected: collected)
        let layers = TaskMessage.Layers(
            task: id, graph: description, strategy: plan.strategy, precision: precision, kernels: kernels,
            stages: span.stages.map { TaskMessage.StageDescription($0.choice) }, nodes: peers, addresses: addresses,
            collected: collected, parts: regions.map(\.region), isTimed: recorder != nil, agreement: agreement)
        try await broadcast(TaskMessage.layers, layers)

        var waiting = Set(peers)
        var wanted: [PeerID: [ContentHash]] = [:]
        // Regions are cut out again where they are sent, so that not all are in memory at once.
        let parts = Dictionary(regions.map { ($0.region.hash, $0.part) }) { first, _ in first }
        let source = { [graph = span.graph] hash in try weights[hash] ?? parts[hash]?.tensor(in: graph) }
        for await event in events {
            guard let (message, peer) = try message(of: event, in: "preparing the task") else { continue }
            switch message.kind {
            case TaskMessage.wanted:
                let hashes = try message.decode(TaskMessage.Wanted.self).hashes
                wanted[peer] = hashes
                if !node.transport.broadcastsOnce {
                    try await send(source, named: hashes, to: peer)
                } else if wanted.count == peers.count {
                    try await broadcast(source, to: wanted)
                }
            case TaskMessage.ready:
                try agreement.require(
                    message.decode(TaskMessage.Ready.self).agreement, of: peer, here: node.name)
                waiting.remove(peer)
            default: break
            }
            if waiting.isEmpty { break }
        }
        distributedByteCount = bytesSent
        guard !waiting.isEmpty else { return }
        try Task.checkCancellation()
        throw shutdown(in: "preparing the task")
    }

    /// Gives the weight of a hash, nil for one that the task does not have.
    private typealias WeightSource = (ContentHash) throws -> Tensor?

    private func send(_ weights: WeightSource, named hashes: [ContentHash], to peer: PeerID) async throws {
        for hash in hashes { try await send(message(with: weights, hash, for: peer), to: peer) }
    }

    /// Sends what several nodes want to all at once (METHODS.md A1): those that have it already drop it. The rest goes to whom it
    /// is for.
    private func broadcast(_ weights: WeightSource, to wanted: [PeerID: [ContentHash]]) async throws {
        let others = wanted.filter { $0.key != node.name }
        let counts = others.values.joined().reduce(into: [:]) { counts, hash in counts[hash, default: 0] += 1 }
        let shared = Set(counts.filter { $0.value > 1 }.keys)
        for peer in peers {
            try await send(weights, named: (wanted[peer] ?? []).filter { !shared.contains($0) }, to: peer)
        }
        for hash in shared.sorted(by: { $0.hexadecimal < $1.hexadecimal }) {
            let peer = others.first { $0.value.contains(hash) }?.key ?? node.name
            try await broadcast(message(with: weights, hash, for: peer))
        }
    }

    private func message(
        with weights: WeightSource, _ hash: ContentHash, for peer: PeerID
    ) throws -> Message {
        guard let tensor = try weights(hash) else {
            throw TesseraError(
                .protocolViolation, "node '\(peer)' wants weight \(hash), which the task does not have")
        }
        // What goes nowhere need not be decoded.
        let bytes = peer == node.name ? nil : coded[hash]
        savedByteCount += tensor.byteCount - (bytes?.count ?? tensor.byteCount)
        let entry = TaskMessage.Weights.Entry(
            hash: hash, shape: tensor.shape.dimensions, elementType: tensor.elementType, isCoded: bytes != nil)
        return try Message(
            kind: TaskMessage.weights, body: TaskMessage.Weights(task: id, entries: [entry]),
            payload: [bytes.map { Blob($0) } ?? Blob(tensor)])
    }

    // MARK: Inference

    /// Runs one inference. Several may run at once.
    ///
    /// - Parameter inputs: a tensor for every input of the network.
    /// - Throws: `nodeFailure` naming the node that is lost or failed; the task cannot be used afterwards.
    public func run(_ inputs: [String: Tensor]) async throws -> (outputs: [String: Tensor], report: Report) {
        try await NodeLoss.asError { try await attempt(inputs) }
    }

    /// Runs one inference, which somebody else may run again if a node is lost.
    ///
    /// - Throws: `NodeLoss`, and what `run` throws.
    func attempt(_ inputs: [String: Tensor]) async throws -> (outputs: [String: Tensor], report: Report) {
        if let failure { throw failure }
        guard let rest else { throw TesseraError(.invalidArgument, "a task that is not prepared was run") }
        guard running.count < node.limits.requests else {
            throw TesseraError(
                .limitExceeded,
                "expected at most \(node.limits.requests) inferences under way in a task (the limit 'requests'), found one more"
            )
        }
        let (start, begun) = (ContinuousClock.now, recorder?.now)
        _ = try plan.graph.ordered(inputs)
        inference += 1
        let number = inference
        running[number] = try RunningInference(span, routes)
        defer { running[number] = nil }
        do {
            try await sendInputs(inputs, inference: number)
            let made = try await result(of: number)
            let values = inputs.merging(made) { $1 }
            let wanted = Set(rest.graph.graph.inputs.map(\.name))
            let ready = values.filter { wanted.contains($0.key) }
            let end = TimedWork(.compute, inference: number, .init(stage: span.stages.count, tile: 0))
            let outputs = try await node.compute.run { [recorder] in
                let start = recorder?.now
                defer { recorder?.note(end, since: start) }
                return try rest.run(ready)
            }
            if let recorder, let begun { times[number] = begun..<max(begun, recorder.now) }
            node.counts.led(for: .now - start)
            let bytes = running[number]?.bytes ?? .init()
            let report = Report(
                inference: number, latency: ContinuousClock.now - start, bytesSent: bytes.sent,
                bytesReceived: bytes.received, bytesExchanged: bytes.exchanged)
            return (outputs, report)
        } catch {
            fail(error is CancellationError ? TesseraError(.nodeFailure, "an earlier inference was cancelled") : error)
            throw error
        }
    }

    /// The nodes of the plan that inferences wait for that began longer ago than that.
    func stragglers(after patience: Duration) -> Set<Int> {
        let deadline = ContinuousClock.now - patience
        let awaited = running.values.filter { $0.start <= deadline }.flatMap(\.awaited)
        return Set(awaited.map { span.stages[$0.stage].tiles[$0.tile].node })
    }

    /// Waits until all that the leader needs of an inference is there: values by name.
    private func result(of number: Int) async throws -> [String: Tensor] {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                if let failure { return continuation.resume(throwing: failure) }
                if Task.isCancelled { return continuation.resume(throwing: CancellationError()) }
                running[number]?.wait(continuation)
            }
        } onCancel: {
            Task { await self.cancel(number) }
        }
    }

    private func cancel(_ number: Int) { running[number]?.finish(throwing: CancellationError()) }

    private func fail(_ error: any Error) {
        let isFirst = failure == nil
        let isKnown = error is NodeLoss || error is TesseraError
        let reason = failure ?? (isKnown ? error : TesseraError(.nodeFailure, "the task failed", cause: error))
        failure = reason
        for number in running.keys { running[number]?.finish(throwing: reason) }
        notes?.finish(throwing: reason)
        if isFirst, let loss = reason as? NodeLoss { onLoss?(loss) }
    }

    /// Sends every tile what it needs of the network's inputs, to all nodes at once. A tile that needs nothing at all is told so.
    private func sendInputs(_ inputs: [String: Tensor], inference number: Int) async throws {
        var messages: [(Message, PeerID, TileRoutes.Place)] = []
        for (stage, tiles) in routes.pieces.enumerated() {
            for (index, pieces) in tiles.enumerated() {
                let tile = span.stages[stage].tiles[index]
                let own = pieces.indices.filter { pieces[$0].source == .leader }
                guard !own.isEmpty || pieces.isEmpty else { continue }
                let blobs = try own.map { piece in
                    let input = tile.inputs[pieces[piece].input]
                    let name = span.graph.graph.values[input.value].name
                    guard let value = inputs[name] else { throw TesseraError(.notFound, "'\(name)' was not made") }
                    return Blob(try value.cropped(to: input.region))
                }
                let work = TaskMessage.Work(task: id, inference: number, stage: stage, tile: index)
                let body = TaskMessage.Pieces(work: work, pieces: own)
                messages.append(
                    (
                        Message(kind: TaskMessage.pieces, body: body, payload: blobs), peers[tile.node],
                        .init(stage: stage, tile: index)
                    ))
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (message, peer, place) in messages {
                if peer != node.name { running[number]?.bytes.sent += message.byteCount }
                group.addTask { try await self.send(message, to: peer, inference: number, for: place) }
            }
            try await group.waitForAll()
        }
    }

    // MARK: Times

    /// What all devices did when in inferences that are over, since the task began or this was last asked for, on the leader's clock.
    /// Of those under way, what was noted so far is lost.
    ///
    /// - Throws: `invalidArgument` for a task that is not timed or while this is asked for already; `nodeFailure` naming the node
    ///   that is lost.
    public func timeline() async throws -> MeasuredTimeline {
        try await NodeLoss.asError { try await measuredTimeline() }
    }

    private func measuredTimeline() async throws -> MeasuredTimeline {
        guard let recorder, notes == nil else {
            throw TesseraError(
                .invalidArgument,
                recorder == nil ? "expected a task that is timed" : "the times of this task are asked for already")
        }
        if let failure { throw failure }
        let (answers, notes) = AsyncThrowingStream.makeStream(of: (PeerID, TaskMessage.Noted).self)
        self.notes = notes
        defer { self.notes = nil }
        var records: [MeasuredTimeline.Record] = []
        var waiting: [PeerID: ClockOffset] = [:]
        for peer in plan.busyNodes.map({ peers[$0] }) {
            waiting[peer] = try await node.clockOffset(of: peer)
            try await send(
                Message(kind: TaskMessage.times, body: TaskMessage.Notice(task: id)), to: peer)
        }
        var isComplete = true
        var iterator = answers.makeAsyncIterator()
        while !waiting.isEmpty {
            guard let (peer, noted) = try await iterator.next(isolation: self) else { throw CancellationError() }
            guard let device = peers.firstIndex(of: peer), let clock = waiting.removeValue(forKey: peer) else {
                continue
            }
            // What a node says is its word only.
            let work = noted.work.filter { (0...span.stages.count).contains($0.stage) }
            records.append(.init(device: device, clock: clock, work: work))
            isComplete = isComplete && noted.isComplete
        }
        let leader = peers.firstIndex(of: node.name) ?? peers.count
        let own = recorder.take()
        records.append(.init(device: leader, clock: .none, work: own.work))
        defer { times = [:] }
        return MeasuredTimeline(
            peers: peers, leader: node.name, records: records, inferences: times,
            isComplete: isComplete && own.isComplete)
    }

    // MARK: Messages

    /// - Returns: whether the task goes on.
    private func follow(_ event: Node.TaskEvent) -> Bool {
        do {
            if let (message, peer) = try message(of: event, in: action) { try handle(message, from: peer) }
            return true
        } catch {
            fail(error)
            return false
        }
    }

    private func failForShutdown() { fail(shutdown(in: action)) }

    /// Waits for nothing, so that no peer holds up another one.
    private func handle(_ message: Message, from peer: PeerID) throws {
        switch message.kind {
        case TaskMessage.made:
            let made = try message.decode(TaskMessage.Made.self)
            let number = made.work.inference
            try check(made.work, from: peer)
            running[number]?.add(message, isOwn: peer == node.name)
            guard running[number]?.made(made) == true else { return }
            let collect = Message(
                kind: TaskMessage.collect, body: TaskMessage.Collect(task: id, inference: number))
            guard !node.transport.broadcastsOnce else {
                running[number]?.bytes.sent += collect.byteCount
                return post(to: node.name) { [node] in try await node.broadcast(collect) }
            }
            for peer in plan.busyNodes.map({ peers[$0] }) {
                if peer != node.name { running[number]?.bytes.sent += collect.byteCount }
                post(to: peer) { [node] in try await node.send(collect, to: peer) }
            }
        case TaskMessage.submap:
            let work = try message.decode(TaskMessage.Work.self)
            try check(work, from: peer)
            running[work.inference]?.add(message, isOwn: peer == node.name)
            noteArrival(of: message, from: peer, work, for: .init(stage: span.stages.count, tile: work.tile))
            let region = span.stages[work.stage].tiles[work.tile].region
            let tensor = try message.blob(0).tensor(shape: region.shape)
            try running[work.inference]?.collect(tensor, of: work)
        case TaskMessage.forward:
            let body = try message.decode(TaskMessage.Pieces.self)
            let work = body.work
            guard span.stages.indices.contains(work.stage),
                span.stages[work.stage].tiles.indices.contains(work.tile), let source = peers.firstIndex(of: peer),
                body.pieces.count == message.payload.count,
                body.pieces.allSatisfy({ index in
                    let pieces = routes.pieces[work.stage][work.tile]
                    return pieces.indices.contains(index) && pieces[index].source == .node(source)
                })
            else {
                throw TesseraError(.protocolViolation, "node '\(peer)' has pieces passed on that are not its own")
            }
            guard let isFirst = running[work.inference]?.pass(body) else { return }
            // So what waits to be passed on is never more than what the inferences under way exchange.
            guard isFirst else {
                throw TesseraError(.protocolViolation, "node '\(peer)' has a piece passed on a second time")
            }
            let passed = Message(kind: TaskMessage.pieces, body: body, payload: message.payload)
            running[work.inference]?.add(message, isOwn: peer == node.name)
            running[work.inference]?.bytes.sent += passed.byteCount
            let place = TileRoutes.Place(stage: work.stage, tile: work.tile)
            noteArrival(of: message, from: peer, work, for: place)
            let target = peers[span.stages[work.stage].tiles[work.tile].node]
            post(to: target) { [node, recorder] in
                try await node.send(passed, to: target, inference: work.inference, for: place, noting: recorder)
            }
        case TaskMessage.noted:
            notes?.yield((peer, try message.decode(TaskMessage.Noted.self)))
        default: break
        }
    }

    private func noteArrival(
        of message: Message, from peer: PeerID, _ work: TaskMessage.Work, for place: TileRoutes.Place
    ) {
        guard let recorder, peer != node.name else { return }
        recorder.note(TimedWork(.receive, message, inference: work.inference, for: place, with: peer), since: nil)
    }

    /// Whether a peer has tiles. Those that have none may go.
    private func isBusy(_ peer: PeerID) -> Bool { plan.busyNodes.contains { peers[$0] == peer } }

    private func check(_ work: TaskMessage.Work, from peer: PeerID) throws {
        guard span.stages.indices.contains(work.stage), span.stages[work.stage].tiles.indices.contains(work.tile),
            peers[span.stages[work.stage].tiles[work.tile].node] == peer
        else {
            throw TesseraError(
                .protocolViolation, "node '\(peer)' answers for tile \(work.tile), which is not its own")
        }
    }

    /// What the task is about at the moment, for errors.
    private var action: String {
        guard let first = running.keys.min().flatMap({ running[$0] }) else { return "the task" }
        guard let stage = first.earliestStage else { return "collecting the result" }
        return "stage \(stage + 1) ('\(span.graph.graph.values[span.stages[stage].output].name)')"
    }

    /// The message that an event brings, if it is one of this task's nodes.
    ///
    /// - Throws: `NodeLoss` if a node of this task leaves instead or loses another one, `nodeFailure` if it fails.
    private func message(
        of event: Node.TaskEvent, in action: @autoclosure () -> String
    ) throws -> (message: Message, peer: PeerID)? {
        switch event {
        case .received(_, let peer) where !peers.contains(peer): return nil
        case .received(let message, let peer):
            guard message.kind != TaskMessage.failed else {
                let failure = try message.decode(TaskMessage.Failure.self)
                let error = TesseraError(.nodeFailure, "node '\(peer)' failed in \(action()): \(failure.message)")
                throw failure.code == TesseraError.Code.nodeFailure.rawValue ? NodeLoss(error) : error
            }
            return (message, peer)
        case .left(let peer, let reason):
            guard peers.contains(peer), !isPrepared || isBusy(peer) else { return nil }
            throw NodeLoss(TesseraError(.nodeFailure, "node '\(peer)' was lost in \(action())", cause: reason))
        }
    }

    private func shutdown(in action: String) -> TesseraError {
        TesseraError(.nodeFailure, "this node was shut down in \(action)")
    }

    /// Has something sent to a peer after what was posted before, and goes on.
    private func post(to peer: PeerID, _ send: @escaping @Sendable () async throws -> Void) {
        outbox.post(to: peer) { try await Self.reporting(peer, send) }
    }

    private func send(_ message: Message, to peer: PeerID) async throws {
        if peer != node.name { bytesSent += message.byteCount }
        try await Self.reporting(peer) { [node] in try await node.send(message, to: peer) }
    }

    /// Sends elements for a tile.
    private func send(
        _ message: Message, to peer: PeerID, inference: Int, for place: TileRoutes.Place
    ) async throws {
        try await Self.reporting(peer) { [node, recorder] in
            try await node.send(message, to: peer, inference: inference, for: place, noting: recorder)
        }
    }

    /// Says which node was lost if that is why something failed.
    private static func reporting(_ peer: PeerID, _ body: @Sendable () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as TesseraError where error.code == .nodeFailure {
            throw NodeLoss(TesseraError(.nodeFailure, "node '\(peer)' was lost", cause: error))
        }
    }

    private func broadcast(_ kind: String, _ body: some Encodable) async throws {
        try await broadcast(Message(kind: kind, body: body))
    }

    private func broadcast(_ message: Message) async throws {
        bytesSent += message.byteCount * (node.transport.broadcastsOnce ? 1 : node.transport.peers.count)
        try await node.broadcast(message)
    }
}
