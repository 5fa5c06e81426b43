import Foundation
import Logging
import TesseraCore
import TesseraPartition
import TesseraRuntime

/// A plan that runs on a cluster, led by the node that was handed it: prepared once, then any number of inferences.
///
/// The leader announces itself, distributes layers and weights, sends the pieces of the input, follows the nodes' progress, collects
/// their sub-maps, stitches them by coordinates and runs what follows (METHODS.md A1, A4-A7).
public actor ClusterTask {
    /// What the leader learned of one inference.
    public struct Report: Sendable {
        public var latency: Duration
        /// Bytes of messages to and from other nodes: of this inference, without the distribution of layers and weights.
        public var bytesSent: Int
        public var bytesReceived: Int
    }

    private let node: Node
    private let id = UUID()
    private let plan: Plan
    /// The plan over the span's layers alone, as the nodes have it.
    private let span: Plan
    private let peers: [PeerID]
    private let precision: PrecisionChoice
    private let kernels: [String: KernelChoice]
    /// What runs on the leader at the end.
    private var rest: Session?
    private var isRunning = false
    private var events: AsyncStream<Node.TaskEvent>.Iterator
    private var inference = 0
    private var bytesSent = 0
    private var bytesReceived = 0
    private var failure: TesseraError?
    /// Bytes of layers and weights that the preparation sent.
    public private(set) var distributedByteCount = 0

    /// Makes `node` the leader of a task: announces it, distributes layers and weights, and returns when all are ready.
    ///
    /// - Parameters:
    ///   - peers: who is which node of the plan; the leader may be among them.
    ///   - exact: demand that all peers add in the same order as the leader, which the same instruction set guarantees.
    ///   - precision: that of the layers, on all nodes; nil for the leader's own.
    ///   - kernels: those that all nodes take, so that parts are made as the whole is; nil for the leader's own choice.
    /// - Throws: `nodeFailure` naming the node that is lost or failed; `invalidArgument` for peers that do not fit.
    public static func lead(
        _ plan: Plan, on node: Node, peers: [PeerID], exact: Bool = true, precision: PrecisionChoice? = nil,
        kernels: [String: KernelChoice]? = nil
    ) async throws -> ClusterTask {
        guard peers.count == plan.nodeCount, Set(peers).count == peers.count else {
            throw TesseraError(.invalidArgument, "expected \(plan.nodeCount) different peers, found \(peers.count)")
        }
        let task = try ClusterTask(
            node: node, plan: plan, peers: peers, precision: precision ?? node.options.precision,
            kernels: kernels ?? node.options.kernels)
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
        node: Node, plan: Plan, peers: [PeerID], precision: PrecisionChoice, kernels: [String: KernelChoice]
    ) throws {
        self.node = node
        self.plan = plan
        self.peers = peers
        self.precision = precision
        self.kernels = kernels
        span = try plan.spanOnly()
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
    }

    /// Tells the nodes that the task is over.
    public func finish() async {
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
            stages: span.stages.map { TaskMessage.StageDescription($0.choice) }, nodes: peers)
        try await broadcast(TaskMessage.layers, layers)

        var waiting = Set(peers)
        while !waiting.isEmpty {
            let (message, peer) = try await next("preparing the task")
            switch message.kind {
            case TaskMessage.wanted:
                try await send(weights, named: message.decode(TaskMessage.Wanted.self).hashes, to: peer)
            case TaskMessage.ready: waiting.remove(peer)
            default: break
            }
        }
        distributedByteCount = bytesSent
    }

    private func send(_ weights: [ContentHash: Tensor], named hashes: [ContentHash], to peer: PeerID) async throws {
        for hash in hashes {
            guard let tensor = weights[hash] else {
                throw TesseraError(
                    .protocolViolation, "node '\(peer)' wants weight \(hash), which the task does not have")
            }
            let entry = TaskMessage.Weights.Entry(
                hash: hash, shape: tensor.shape.dimensions, elementType: tensor.elementType)
            try await send(
                Message(
                    kind: TaskMessage.weights, body: TaskMessage.Weights(task: id, entries: [entry]),
                    payload: [Blob(tensor)]), to: peer)
        }
    }

    // MARK: Inference

    /// Runs one inference.
    ///
    /// - Parameter inputs: a tensor for every input of the network.
    /// - Throws: `nodeFailure` naming the node that is lost or failed; the task cannot be used afterwards.
    public func run(_ inputs: [String: Tensor]) async throws -> (outputs: [String: Tensor], report: Report) {
        if let failure { throw failure }
        guard !isRunning, let rest else {
            throw TesseraError(.invalidArgument, "expected one inference of a task at a time, found a second one")
        }
        isRunning = true
        defer { isRunning = false }
        let start = ContinuousClock.now
        let before = (bytesSent, bytesReceived)
        _ = try plan.graph.ordered(inputs)
        inference += 1
        do {
            var values = inputs
            for (index, stage) in span.stages.enumerated() {
                values[span.graph.graph.values[stage.output].name] = try await run(stage, index, values)
            }
            let wanted = Set(rest.graph.graph.inputs.map(\.name))
            let ready = values.filter { wanted.contains($0.key) }
            let outputs = try await node.compute.run { try rest.run(ready) }
            let report = Report(
                latency: ContinuousClock.now - start, bytesSent: bytesSent - before.0,
                bytesReceived: bytesReceived - before.1)
            return (outputs, report)
        } catch {
            failure = error as? TesseraError ?? TesseraError(.nodeFailure, "an earlier inference was cancelled")
            throw error
        }
    }

    /// Sends the pieces of a stage's inputs, waits until all sub-maps exist, collects and stitches them.
    private func run(_ stage: Stage, _ index: Int, _ values: [String: Tensor]) async throws -> Tensor {
        let name = span.graph.graph.values[stage.output].name
        let action = "stage \(index + 1) ('\(name)')"
        try await sendTiles(of: stage, index, values)
        var pending = Set(stage.tiles.indices)
        while !pending.isEmpty {
            let (work, _) = try await nextWork(TaskMessage.made, stage: index, action)
            pending.remove(work.tile)
        }
        try await broadcast(TaskMessage.collect, TaskMessage.Collect(task: id, inference: inference, stage: index))
        var result = try Tensor(zeros: span.graph.shapes[stage.output])
        pending = Set(stage.tiles.indices)
        while !pending.isEmpty {
            let (work, message) = try await nextWork(TaskMessage.submap, stage: index, action)
            guard pending.remove(work.tile) != nil else { continue }
            let region = stage.tiles[work.tile].region
            try result.paste(message.blob(0).tensor(shape: region.shape), at: region)
        }
        return result
    }

    /// Sends every tile its pieces, to all nodes at once.
    private func sendTiles(of stage: Stage, _ index: Int, _ values: [String: Tensor]) async throws {
        var messages: [(Message, PeerID)] = []
        for (number, tile) in stage.tiles.enumerated() {
            let pieces = try tile.inputs.map { input in
                let name = span.graph.graph.values[input.value].name
                guard let value = values[name] else { throw TesseraError(.notFound, "'\(name)' was not made") }
                return Blob(try value.cropped(to: input.region))
            }
            let work = TaskMessage.Work(task: id, inference: inference, stage: index, tile: number)
            messages.append((try Message(kind: TaskMessage.tile, body: work, payload: pieces), peers[tile.node]))
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (message, peer) in messages { group.addTask { try await self.send(message, to: peer) } }
            try await group.waitForAll()
        }
    }

    // MARK: Messages

    private func nextWork(_ kind: String, stage: Int, _ action: String) async throws -> (TaskMessage.Work, Message) {
        while true {
            let (message, peer) = try await next(action)
            guard message.kind == kind else { continue }
            let work = try message.decode(TaskMessage.Work.self)
            guard work.inference == inference, work.stage == stage else { continue }
            guard span.stages[stage].tiles.indices.contains(work.tile),
                peers[span.stages[stage].tiles[work.tile].node] == peer
            else {
                throw TesseraError(
                    .protocolViolation, "node '\(peer)' answers for tile \(work.tile), which is not its own")
            }
            return (work, message)
        }
    }

    /// The next message of a node.
    ///
    /// - Throws: `nodeFailure` if a node of this task leaves or fails instead.
    private func next(_ action: String) async throws -> (Message, PeerID) {
        while true {
            var iterator = events
            let event = await iterator.next(isolation: self)
            events = iterator
            switch event {
            case .received(_, let peer) where !peers.contains(peer): continue
            case .received(let message, let peer):
                if peer != node.name { bytesReceived += message.byteCount }
                guard message.kind != TaskMessage.failed else {
                    let failure = try message.decode(TaskMessage.Failure.self)
                    throw TesseraError(.nodeFailure, "node '\(peer)' failed in \(action): \(failure.message)")
                }
                return (message, peer)
            case .left(let peer, let reason):
                guard peers.contains(peer) else { continue }
                throw TesseraError(.nodeFailure, "node '\(peer)' was lost in \(action)", cause: reason)
            case nil:
                if Task.isCancelled { throw CancellationError() }
                throw TesseraError(.nodeFailure, "this node was shut down in \(action)")
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
        let message = try Message(kind: kind, body: body)
        bytesSent += message.byteCount * node.transport.peers.count
        try await node.broadcast(message)
    }
}
