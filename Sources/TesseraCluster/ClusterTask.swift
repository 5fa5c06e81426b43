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
/// nodes send each other. A task lives until it is told to `finish`.
public actor ClusterTask {
    /// What the leader learned of one inference.
    public struct Report: Sendable {
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
    private let plan: Plan
    /// The plan over the span's layers alone, as the nodes have it.
    private let span: Plan
    private let routes: TileRoutes
    private let peers: [PeerID]
    private let addresses: [String?]
    private let precision: PrecisionChoice
    private let kernels: [String: KernelChoice]
    /// What runs on the leader at the end.
    private var rest: Session?
    private var events: AsyncStream<Node.TaskEvent>.Iterator
    /// What reads the events while inferences are under way.
    private var following: Task<Void, Never>?
    private var running: [Int: RunningInference] = [:]
    private var inference = 0
    private var bytesSent = 0
    private var failure: TesseraError?
    private var isPrepared = false
    /// Bytes of layers and weights that the preparation sent.
    public private(set) var distributedByteCount = 0

    /// Makes `node` the leader of a task: announces it, distributes layers and weights, and returns when all are ready.
    ///
    /// - Parameters:
    ///   - peers: who is which node of the plan; the leader may be among them.
    ///   - addresses: where peers listen, so that nodes can connect to each other; what they cannot send directly goes by way of
    ///     the leader.
    ///   - exact: demand that all peers add in the same order as the leader, which the same instruction set guarantees.
    ///   - precision: that of the layers, on all nodes; nil for the leader's own.
    ///   - kernels: those that all nodes take, so that parts are made as the whole is; nil for the leader's own choice.
    /// - Throws: `nodeFailure` naming the node that is lost or failed; `invalidArgument` for peers that do not fit.
    public static func lead(
        _ plan: Plan, on node: Node, peers: [PeerID], addresses: [PeerID: String] = [:], exact: Bool = true,
        precision: PrecisionChoice? = nil, kernels: [String: KernelChoice]? = nil
    ) async throws -> ClusterTask {
        guard peers.count == plan.nodeCount, Set(peers).count == peers.count else {
            throw TesseraError(.invalidArgument, "expected \(plan.nodeCount) different peers, found \(peers.count)")
        }
        let task = try ClusterTask(
            node: node, plan: plan, peers: peers, addresses: peers.map { addresses[$0] },
            precision: precision ?? node.options.precision, kernels: kernels ?? node.options.kernels)
        do {
            // From here on nobody leaves unnoticed.
            await task.listen()
            try check(peers, of: node, exact: exact)
            try await task.prepare()
        } catch {
            await task.finish()
            throw error
        }
        return task
    }

    /// All peers must be connected and, for an exact result, add in the leader's order.
    private static func check(_ peers: [PeerID], of node: Node, exact: Bool) throws {
        let known = Dictionary(uniqueKeysWithValues: node.transport.peers.map { ($0.peer, $0) })
        for peer in peers where peer != node.name {
            guard let information = known[peer] else {
                throw TesseraError(.nodeFailure, "node '\(peer)' is not connected")
            }
            let own = "\(node.backend.name) on \(node.backend.instructionSet)"
            let other = "\(information.capabilities["backend"] ?? "") on \(information.instructionSet)"
            guard !exact || own == other else {
                throw TesseraError(
                    .invalidArgument,
                    "the leader computes with \(own), node '\(peer)' with \(other), so results would differ in the last bits; "
                        + "limit both to the same (ONEDNN_MAX_CPU_ISA), or deploy with 'exact: false'")
            }
        }
    }

    private init(
        node: Node, plan: Plan, peers: [PeerID], addresses: [String?], precision: PrecisionChoice,
        kernels: [String: KernelChoice]
    ) throws {
        self.node = node
        self.plan = plan
        self.peers = peers
        self.addresses = addresses
        self.precision = precision
        self.kernels = kernels
        span = try plan.spanOnly()
        // What the leader needs at the end follows from the whole.
        routes = TileRoutes(span, collecting: plan.collectedStages)
        events = AsyncStream<Node.TaskEvent> { $0.finish() }.makeAsyncIterator()
    }

    private func listen() async { events = await node.open(id).makeAsyncIterator() }

    private func prepare() async throws {
        let (backend, plan) = (node.backend, plan)
        let options = CompileOptions(threads: node.options.threads, precision: precision, kernels: kernels)
        rest = try await node.compute.run {
            try Session(plan.remainingNetwork(), backend: backend, options: options)
        }
        try await distribute()
        isPrepared = true
        guard !plan.stages.isEmpty else { return }
        following = Task { await self.follow() }
    }

    /// Tells the nodes that the task is over.
    public func finish() async {
        following?.cancel()
        try? await node.broadcast(Message(kind: TaskMessage.finished, body: TaskMessage.Notice(task: id)))
        await node.close(id)
    }

    // MARK: Distribution

    private func distribute() async throws {
        guard !plan.stages.isEmpty else { return }
        try await broadcast(TaskMessage.lead, TaskMessage.Notice(task: id))
        let (description, weights) = GraphDescription.describe(span.graph)
        let layers = TaskMessage.Layers(
            task: id, graph: description, strategy: plan.strategy, precision: precision, kernels: kernels,
            stages: span.stages.map { TaskMessage.StageDescription($0.choice) }, nodes: peers, addresses: addresses,
            collected: routes.collected.sorted())
        try await broadcast(TaskMessage.layers, layers)

        var waiting = Set(peers)
        var wanted: [PeerID: [ContentHash]] = [:]
        while !waiting.isEmpty {
            let (message, peer) = try await next { "preparing the task" }
            switch message.kind {
            case TaskMessage.wanted:
                let hashes = try message.decode(TaskMessage.Wanted.self).hashes
                guard node.transport.broadcastsOnce else { try await send(weights, named: hashes, to: peer); break }
                wanted[peer] = hashes
                if wanted.count == peers.count { try await broadcast(weights, to: wanted) }
            case TaskMessage.ready: waiting.remove(peer)
            default: break
            }
        }
        distributedByteCount = bytesSent
    }

    private func send(_ weights: [ContentHash: Tensor], named hashes: [ContentHash], to peer: PeerID) async throws {
        for hash in hashes { try await send(message(with: weights, hash, for: peer), to: peer) }
    }

    /// Sends what several nodes want to all at once (METHODS.md A1): those that have it already drop it. The rest goes to whom it
    /// is for.
    private func broadcast(_ weights: [ContentHash: Tensor], to wanted: [PeerID: [ContentHash]]) async throws {
        let others = wanted.filter { $0.key != node.name }
        let counts = others.values.joined().reduce(into: [:]) { counts, hash in counts[hash, default: 0] += 1 }
        let shared = Set(counts.filter { $0.value > 1 }.keys)
        for peer in peers {
            try await send(weights, named: (wanted[peer] ?? []).filter { !shared.contains($0) }, to: peer)
        }
        for hash in shared.sorted(by: { $0.hexadecimal < $1.hexadecimal }) {
            try await broadcast(message(with: weights, hash, for: node.name))
        }
    }

    private func message(
        with weights: [ContentHash: Tensor], _ hash: ContentHash, for peer: PeerID
    ) throws -> Message {
        guard let tensor = weights[hash] else {
            throw TesseraError(
                .protocolViolation, "node '\(peer)' wants weight \(hash), which the task does not have")
        }
        let entry = TaskMessage.Weights.Entry(
            hash: hash, shape: tensor.shape.dimensions, elementType: tensor.elementType)
        return try Message(
            kind: TaskMessage.weights, body: TaskMessage.Weights(task: id, entries: [entry]), payload: [Blob(tensor)])
    }

    // MARK: Inference

    /// Runs one inference. Several may run at once.
    ///
    /// - Parameter inputs: a tensor for every input of the network.
    /// - Throws: `nodeFailure` naming the node that is lost or failed; the task cannot be used afterwards.
    public func run(_ inputs: [String: Tensor]) async throws -> (outputs: [String: Tensor], report: Report) {
        if let failure { throw failure }
        guard let rest else { throw TesseraError(.invalidArgument, "a task that is not prepared was run") }
        let start = ContinuousClock.now
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
            let outputs = try await node.compute.run { try rest.run(ready) }
            let bytes = running[number]?.bytes ?? .init()
            let report = Report(
                latency: ContinuousClock.now - start, bytesSent: bytes.sent, bytesReceived: bytes.received,
                bytesExchanged: bytes.exchanged)
            return (outputs, report)
        } catch {
            let reason = error as? TesseraError ?? TesseraError(.nodeFailure, "an earlier inference was cancelled")
            fail(reason)
            throw error
        }
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

    private func fail(_ reason: TesseraError) {
        if failure == nil { failure = reason }
        for number in running.keys { running[number]?.finish(throwing: failure ?? reason) }
    }

    /// Sends every tile what it needs of the network's inputs, to all nodes at once. A tile that needs nothing at all is told so.
    private func sendInputs(_ inputs: [String: Tensor], inference number: Int) async throws {
        var messages: [(Message, PeerID)] = []
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
                    (try Message(kind: TaskMessage.pieces, body: body, payload: blobs), peers[tile.node]))
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (message, peer) in messages {
                if peer != node.name { running[number]?.bytes.sent += message.byteCount }
                group.addTask { try await self.send(message, to: peer) }
            }
            try await group.waitForAll()
        }
    }

    // MARK: Messages

    /// Follows the nodes until the task ends.
    private func follow() async {
        do {
            while true {
                let (message, peer) = try await next { self.action }
                try await handle(message, from: peer)
            }
        } catch {
            fail(
                error as? TesseraError ?? TesseraError(.nodeFailure, "the task is over"))
        }
    }

    private func handle(_ message: Message, from peer: PeerID) async throws {
        switch message.kind {
        case TaskMessage.made:
            let made = try message.decode(TaskMessage.Made.self)
            let number = made.work.inference
            try check(made.work, from: peer)
            running[number]?.add(message, isOwn: peer == node.name)
            guard running[number]?.made(made) == true else { return }
            let collect = try Message(
                kind: TaskMessage.collect, body: TaskMessage.Collect(task: id, inference: number))
            running[number]?.bytes.sent += broadcastByteCount(collect)
            try await node.broadcast(collect)
        case TaskMessage.submap:
            let work = try message.decode(TaskMessage.Work.self)
            try check(work, from: peer)
            running[work.inference]?.add(message, isOwn: peer == node.name)
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
            guard running[work.inference] != nil else { return }
            let passed = try Message(kind: TaskMessage.pieces, body: body, payload: message.payload)
            running[work.inference]?.add(message, isOwn: peer == node.name)
            running[work.inference]?.bytes.sent += passed.byteCount
            try await send(passed, to: peers[span.stages[work.stage].tiles[work.tile].node])
        default: break
        }
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

    /// The next message of a node.
    ///
    /// - Throws: `nodeFailure` if a node of this task leaves or fails instead.
    private func next(_ action: () -> String) async throws -> (Message, PeerID) {
        while true {
            var iterator = events
            let event = await iterator.next(isolation: self)
            events = iterator
            switch event {
            case .received(_, let peer) where !peers.contains(peer): continue
            case .received(let message, let peer):
                guard message.kind != TaskMessage.failed else {
                    let failure = try message.decode(TaskMessage.Failure.self)
                    throw TesseraError(.nodeFailure, "node '\(peer)' failed in \(action()): \(failure.message)")
                }
                return (message, peer)
            case .left(let peer, let reason):
                guard peers.contains(peer), !isPrepared || isBusy(peer) else { continue }
                throw TesseraError(.nodeFailure, "node '\(peer)' was lost in \(action())", cause: reason)
            case nil:
                if Task.isCancelled { throw CancellationError() }
                throw TesseraError(.nodeFailure, "this node was shut down in \(action())")
            }
        }
    }

    private func send(_ message: Message, to peer: PeerID) async throws {
        if peer != node.name { bytesSent += message.byteCount }
        do {
            try await node.send(message, to: peer)
        } catch let error as TesseraError where error.code == .nodeFailure {
            throw TesseraError(.nodeFailure, "node '\(peer)' was lost", cause: error)
        }
    }

    private func broadcast(_ kind: String, _ body: some Encodable) async throws {
        try await broadcast(Message(kind: kind, body: body))
    }

    private func broadcast(_ message: Message) async throws {
        bytesSent += broadcastByteCount(message)
        try await node.broadcast(message)
    }

    /// Bytes that a broadcast takes on the network.
    private func broadcastByteCount(_ message: Message) -> Int {
        message.byteCount * (node.transport.broadcastsOnce ? 1 : node.transport.peers.count)
    }
}
