import Foundation
import Synchronization
import TesseraCore
import TesseraPartition
import TesseraRuntime

/// What a node does for one task that somebody leads: gets layers and weights, compiles its tiles, computes each when its inputs
/// are complete, sends what others need of the result straight to them, and hands its sub-maps over when they are collected
/// (METHODS.md A4-A6).
///
/// Messages are followed while tiles are computed, so that pieces of later stages and of later inferences arrive meanwhile.
final class TileWork: Sendable {
    private struct Setup: Sendable {
        let plan: Plan
        let routes: TileRoutes
        /// The peer that is each node of the plan.
        let nodes: [PeerID]
        /// This node's compiled tiles, by stage and tile.
        let sessions: [[Int: Session]]
        /// The other nodes that this one exchanges pieces with.
        let neighbours: Set<PeerID>
        let progress: TileProgress
        /// Nil for a task that is not timed.
        let recorder: TimeRecorder?
        /// What the compiled tiles take of the node's memory.
        let shares: [ByteBudget.Share]
    }

    private let task: UUID
    private let leader: PeerID
    private let node: Node
    /// What this task needs stays in the store until it is over.
    private let weights: WeightStore.Use
    /// True once the task is over for this node: what still runs stops at the next layer.
    private let isOver = Mutex(false)

    init(task: UUID, leader: PeerID, node: Node) {
        (self.task, self.leader, self.node) = (task, leader, node)
        weights = node.weights.use()
    }

    /// Ends the work, also in the middle of a tile.
    func cancel() { isOver.withLock { $0 = true } }

    /// Follows the leader's messages until there are no more. An error is reported to the leader and ends the work.
    func run(_ events: AsyncStream<Node.DutyEvent>) async {
        let (jobs, queue) = AsyncStream.makeStream(of: (TileProgress.Job, Setup).self)
        // What is collected is in memory until it is sent, wherever it waits: this holds no more than there was.
        let (answers, outbox) = AsyncStream.makeStream(of: Answer.self)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    defer {
                        queue.finish()
                        outbox.finish()
                    }
                    try await self.follow(events, queue, outbox)
                }
                // Beside the messages that follow: a leader that is slow to take sub-maps does not hold up pieces.
                group.addTask {
                    for await answer in answers { try await self.send(answer) }
                }
                group.addTask(executorPreference: node.compute) {
                    for await (job, setup) in jobs { try await self.perform(job, setup, queue) }
                }
                do {
                    while try await group.next() != nil {}
                } catch {
                    // The others would wait for more, and nobody would hear of the error.
                    group.cancelAll()
                    queue.finish()
                    outbox.finish()
                    throw error
                }
            }
        } catch is CancellationError {
            return
        } catch {
            guard !isOver.withLock({ $0 }) else { return }
            node.counts.failed((error as? TesseraError)?.code ?? .backendFailure)
            let failure = (error as? TesseraError) ?? TesseraError(.backendFailure, "\(error)")
            // Whoever leads goes on without a node that is lost.
            node.logger.log(
                level: failure.code == .nodeFailure ? .notice : .error, "a task failed",
                metadata: ["task": "\(task)", "error": "\(failure)"])
            let body = TaskMessage.Failure(task: task, code: failure.code.rawValue, message: "\(failure)")
            try? await send(TaskMessage.failed, body)
        }
    }

    private typealias Queue = AsyncStream<(TileProgress.Job, Setup)>.Continuation

    /// What the leader asked for.
    private enum Answer: Sendable {
        case submap(TileProgress.Result, of: TaskMessage.Work, Setup)
        /// What was done when, until all that was asked for before is sent.
        case times(TimeRecorder?)
    }

    private func follow(
        _ events: AsyncStream<Node.DutyEvent>, _ queue: Queue, _ outbox: AsyncStream<Answer>.Continuation
    ) async throws {
        var layers: TaskMessage.Layers?
        var missing: Set<ContentHash> = []
        var weights: [ContentHash: Tensor] = [:]
        var begin = ContinuousClock.now
        var setup: Setup?
        for await event in events {
            guard case .received(let message, let peer, _) = event else {
                if case .left(let peer, let reason) = event, setup?.neighbours.contains(peer) == true {
                    // What was on its way is lost, and somebody would wait for it.
                    throw TesseraError(.nodeFailure, "node '\(peer)' was lost", cause: reason)
                }
                continue
            }
            switch message.kind {
            case TaskMessage.layers:
                let received = try message.decode(TaskMessage.Layers.self)
                begin = .now
                for (hash, part) in try needed(by: received) {
                    if let tensor = try self.weights[hash] ?? cut(part, hash, of: received) {
                        weights[hash] = tensor
                    } else {
                        missing.insert(hash)
                    }
                }
                try await send(
                    TaskMessage.wanted,
                    TaskMessage.Wanted(task: task, hashes: missing.sorted { $0.hexadecimal < $1.hexadecimal }))
                layers = received
                if missing.isEmpty { setup = try await prepare(received, weights, since: begin) }
            case TaskMessage.weights:
                for (hash, tensor) in try await receiveWeights(message, lacking: layers == nil ? nil : missing) {
                    weights[hash] = tensor
                    missing.remove(hash)
                }
                if let layers, missing.isEmpty, setup == nil {
                    setup = try await prepare(layers, weights, since: begin)
                }
            case TaskMessage.pieces:
                // Strangers are not answered.
                guard peer == leader || setup?.nodes.contains(peer) == true else { continue }
                guard let setup else { throw TesseraError(.protocolViolation, "a tile came before layers and weights") }
                if let job = try await receivePieces(message, from: peer, setup) { queue.yield((job, setup)) }
            case TaskMessage.collect:
                let inference = try message.decode(TaskMessage.Collect.self).inference
                guard let setup else { continue }
                for (place, result) in setup.progress.collect(inference) {
                    let work = TaskMessage.Work(task: task, inference: inference, stage: place.stage, tile: place.tile)
                    outbox.yield(.submap(result, of: work, setup))
                }
            case TaskMessage.times: outbox.yield(.times(setup?.recorder))
            default: break
            }
        }
    }

    private func send(_ answer: Answer) async throws {
        switch answer {
        case .submap(let result, let work, let setup):
            let submap = Message(kind: TaskMessage.submap, body: work, payload: [Blob(result.tensor)])
            // The leader's layers come after all stages.
            let place = TileRoutes.Place(stage: setup.plan.stages.count, tile: work.tile)
            try await node.send(submap, to: leader, inference: work.inference, for: place, noting: setup.recorder)
        case .times(let recorder):
            let (work, isComplete) = recorder?.take() ?? ([], true)
            try await send(TaskMessage.noted, TaskMessage.Noted(task: task, work: work, isComplete: isComplete))
        }
    }

    private func send(_ kind: String, _ body: some Encodable) async throws {
        try await node.send(Message(kind: kind, body: body), to: leader)
    }

    // MARK: Layers and weights

    /// The leader's plan, over a graph with those weights that `weights` gives.
    private func plan(of layers: TaskMessage.Layers, weights: (ContentHash) -> Tensor?) throws -> Plan {
        let graph = try layers.graph.graph(operators: node.operators, weights: weights)
        return try Plan(
            graph, nodes: layers.nodes.count, choices: layers.stages.map { try $0.choice() }, strategy: layers.strategy)
    }

    /// What this node derived of the leader's layers.
    private func agreement(on plan: Plan, _ layers: TaskMessage.Layers) throws -> TaskAgreement {
        try TaskAgreement(
            plan, graph: layers.graph.redescribed(as: plan.graph), precision: layers.precision,
            collected: layers.collected)
    }

    private func isOwn(_ tile: Tile, in layers: TaskMessage.Layers) -> Bool {
        layers.nodes.indices.contains(tile.node) && layers.nodes[tile.node] == node.name
    }

    /// The weights that this node's tiles read.
    private func needed(by layers: TaskMessage.Layers) throws -> [ContentHash: WeightPart] {
        let plan = try plan(of: layers) { _ in nil }
        try agreement(on: plan, layers).require(layers.agreement, of: leader, here: node.name)
        guard let index = layers.nodes.firstIndex(of: node.name) else { return [:] }
        let hashes = try TaskWeights(layers)
        return try plan.weights(ofNode: index).reduce(into: [:]) { needed, part in
            if let hash = hashes[part] {
                needed[hash] = part
            } else if hashes[WeightPart(layer: part.layer, name: part.name)] != nil {
                throw TesseraError(.protocolViolation, "expected a hash for a region of weight '\(part.name)'")
            }
        }
    }

    /// A region of a weight that this node has as a whole.
    private func cut(_ part: WeightPart, _ hash: ContentHash, of layers: TaskMessage.Layers) throws -> Tensor? {
        guard let region = part.region, let name = layers.graph.hash(ofLayer: part.layer, weight: part.name),
            let tensor = try weights.peek(name)?.cropped(to: region), ContentHash(tensor) == hash
        else { return nil }
        // Where there is no room for both, the leader sends the region, and the whole makes room.
        return try? weights.insert(tensor, for: hash)
    }

    /// Takes weights that are missing. Others are for other nodes: what several want goes to all.
    ///
    /// - Parameter missing: what to take; nil for all, while it is not known what the task needs.
    private func receiveWeights(
        _ message: Message, lacking missing: Set<ContentHash>?
    ) async throws -> [ContentHash: Tensor] {
        var received: [ContentHash: Tensor] = [:]
        let entries = try message.decode(TaskMessage.Weights.self).entries
        for (index, entry) in entries.enumerated() where missing?.contains(entry.hash) ?? true {
            // Few bytes may take long.
            if isOver.withLock({ $0 }) { throw CancellationError() }
            guard received[entry.hash] == nil else { continue }
            let blob = try message.blob(index)
            let tensor =
                entry.isCoded
                ? try await decode(blob, entry)
                : try blob.tensor(shape: Shape(entry.shape), elementType: entry.elementType)
            let actual = ContentHash(tensor)
            guard actual == entry.hash else {
                throw TesseraError(.protocolViolation, "expected a weight with hash \(entry.hash), found \(actual)")
            }
            received[entry.hash] = try weights.insert(tensor, for: entry.hash)
        }
        return received
    }

    /// The weight that bytes stand for.
    private func decode(_ blob: Blob, _ entry: TaskMessage.Weights.Entry) async throws -> Tensor {
        guard let decoder = node.decoder else {
            throw TesseraError(.notSupported, "expected weights as they are, found coded ones")
        }
        let shape = Shape(entry.shape)
        guard shape.dimensions.allSatisfy({ $0 >= 0 }) else {
            throw TesseraError(.protocolViolation, "expected the shape of a weight, found \(shape)")
        }
        // A few bytes may stand for many.
        let byteCount = Shape.saturatingProduct(shape.elementCount, entry.elementType.byteCount)
        guard byteCount <= node.weights.limit else {
            throw TesseraError(
                .limitExceeded,
                "expected at most \(node.weights.limit) bytes of weights (the limit 'weights'), found a coded one of \(byteCount)"
            )
        }
        guard blob.count < byteCount else {
            throw TesseraError(
                .protocolViolation, "expected fewer than \(byteCount) bytes for a coded weight, found \(blob.count)")
        }
        return try await node.decoding.run {
            try decoder.tensor(
                of: blob.withUnsafeBytes { Array($0) }, shape: shape, elementType: entry.elementType)
        }
    }

    private func prepare(
        _ layers: TaskMessage.Layers, _ weights: [ContentHash: Tensor], since begin: ContinuousClock.Instant
    ) async throws -> Setup {
        let plan = try plan(of: layers) { weights[$0] }
        let hashes = try TaskWeights(layers)
        let (backend, memory) = (node.backend, node.memory)
        var options = node.options
        options.kernels = layers.kernels
        // Tiles are computed one after the other.
        options.activations = ActivationMemory()
        let choices = options
        let (sessions, shares) = try await node.compute.run {
            HostMemory.returnFree()
            var shares: [ByteBudget.Share] = []
            var reserved = 0
            let sessions = try plan.stages.map { stage in
                var sessions: [Int: Session] = [:]
                for (index, tile) in stage.tiles.enumerated() where self.isOwn(tile, in: layers) {
                    let network = try tile.network(in: plan.graph) { part in hashes[part].flatMap { weights[$0] } }
                    var options = choices
                    options.precision = tile.precision(layers.precision, in: plan.graph.graph, as: network.graph)
                    // What cannot fit is found before memory is taken.
                    let largest = network.shapes.indices.map { network.byteCount(of: $0) }.max() ?? 0
                    _ = try memory.reserve(largest)
                    let session = try Session(network, backend: backend, options: options)
                    if session.activationByteCount > reserved {
                        shares.append(try memory.reserve(session.activationByteCount - reserved))
                        reserved = session.activationByteCount
                    }
                    sessions[index] = session
                }
                return sessions
            }
            return (sessions, shares)
        }
        let routes = TileRoutes(plan, collecting: Set(layers.collected))
        let neighbours = routes.neighbours(of: layers.nodes.firstIndex(of: node.name), in: plan)
        await connect(layers, neighbours)
        try await send(
            TaskMessage.ready, TaskMessage.Ready(task: task, agreement: agreement(on: plan, layers)))
        node.counts.prepared(in: .now - begin)
        return Setup(
            plan: plan, routes: routes, nodes: layers.nodes, sessions: sessions,
            neighbours: Set(neighbours.map { layers.nodes[$0] }),
            progress: TileProgress(plan, routes, requests: node.limits.requests, memory: node.memory),
            recorder: layers.isTimed ? TimeRecorder(node.clock) : nil, shares: shares)
    }

    /// Connects to the nodes that this one exchanges pieces with. Of two nodes, the one that comes first in the plan does it;
    /// what cannot be sent to a node directly goes by way of the leader.
    private func connect(_ layers: TaskMessage.Layers, _ neighbours: Set<Int>) async {
        guard let own = layers.nodes.firstIndex(of: node.name),
            let transport = node.transport as? any ListeningTransport
        else { return }
        await withTaskGroup(of: Void.self) { group in
            for other in neighbours where other > own && !node.isConnected(to: layers.nodes[other]) {
                guard layers.addresses.indices.contains(other), let address = layers.addresses[other] else { continue }
                group.addTask {
                    do {
                        try await transport.connect(to: address)
                    } catch {
                        self.node.logger.notice(
                            "a node cannot be reached directly, so the leader passes on what it is sent",
                            metadata: ["node": "\(layers.nodes[other])", "address": "\(address)", "error": "\(error)"])
                    }
                }
            }
        }
    }

    // MARK: Tiles

    private func receivePieces(_ message: Message, from peer: PeerID, _ setup: Setup) async throws -> TileProgress.Job?
    {
        let arrived = setup.recorder?.now
        let body = try message.decode(TaskMessage.Pieces.self)
        let work = body.work
        guard setup.sessions.indices.contains(work.stage), setup.sessions[work.stage][work.tile] != nil else {
            throw TesseraError(.protocolViolation, "tile \(work.tile) of stage \(work.stage) is not this node's")
        }
        let expected = setup.routes.pieces[work.stage][work.tile]
        guard !body.pieces.isEmpty || (expected.isEmpty && peer == leader) else {
            throw TesseraError(.protocolViolation, "'\(peer)' sends nothing for tile \(work.tile)")
        }
        let pieces = try body.pieces.enumerated().map { position, index in
            guard expected.indices.contains(index), isHolder(peer, of: expected[index], setup) else {
                throw TesseraError(
                    .protocolViolation, "piece \(index) of tile \(work.tile) is not one that '\(peer)' has")
            }
            let tensor = try message.blob(position).tensor(
                shape: expected[index].region.shape, elementType: expected[index].elementType)
            return ArrivedPiece(index, whole: tensor)
        }
        let place = TileRoutes.Place(stage: work.stage, tile: work.tile)
        if let recorder = setup.recorder, peer != node.name {
            recorder.note(
                TimedWork(.receive, message, inference: work.inference, for: place, with: peer), since: arrived,
                until: arrived)
        }
        return try setup.progress.add(pieces, to: place, inference: work.inference)
    }

    /// The leader also passes on what nodes could not send themselves.
    private func isHolder(_ peer: PeerID, of piece: TileRoutes.Piece, _ setup: Setup) -> Bool {
        if peer == leader { return true }
        guard case .node(let source) = piece.source else { return false }
        return setup.nodes[source] == peer
    }

    /// Computes a tile and sends others what they need of it, before this node puts together what it needs itself and the leader
    /// hears that the tile is made. To be called on the node's compute thread.
    private func perform(_ job: TileProgress.Job, _ setup: Setup, _ queue: Queue) async throws {
        let (stage, tile) = (job.place.stage, job.place.tile)
        let result = try compute(job, setup)
        let deliveries = setup.routes.deliveries[stage][tile]
        var sent = 0
        for delivery in deliveries where owner(of: delivery.target, setup) != node.name {
            sent += try await send(delivery.parts, of: result, to: delivery.target, job.inference, setup)
        }
        node.compute.giveWay()
        for delivery in deliveries where owner(of: delivery.target, setup) == node.name {
            let pieces = delivery.parts.map { ArrivedPiece($0.piece, $0.region, of: result) }
            if let job = try setup.progress.add(pieces, to: delivery.target, inference: job.inference) {
                queue.yield((job, setup))
            }
        }
        try setup.progress.keep(result, of: job)
        let work = TaskMessage.Work(task: task, inference: job.inference, stage: stage, tile: tile)
        let made = Message(kind: TaskMessage.made, body: TaskMessage.Made(work: work, sentByteCount: sent))
        try await node.send(made, to: leader)
        node.compute.giveWay()
    }

    private func compute(_ job: TileProgress.Job, _ setup: Setup) throws -> Tensor {
        let (stage, tile) = (job.place.stage, job.place.tile)
        guard let session = setup.sessions[stage][tile] else {
            throw TesseraError(.protocolViolation, "tile \(tile) of stage \(stage) is not this node's")
        }
        try node.compute.requireOpen()
        let (begin, start) = (ContinuousClock.now, setup.recorder?.now)
        defer { node.counts.computed(stage: stage, in: .now - begin) }
        defer { setup.recorder?.note(TimedWork(.compute, inference: job.inference, job.place), since: start) }
        let inputs = job.takeInputs()
        let outputs = try withExtendedLifetime(inputs) {
            try session.run(inputs?.named(in: setup.plan.graph.graph) ?? [:]) { self.isOver.withLock { $0 } }
        }
        guard let result = outputs.values.first else {
            throw TesseraError(.backendFailure, "a tile made nothing")
        }
        return result
    }

    private func owner(of place: TileRoutes.Place, _ setup: Setup) -> PeerID {
        setup.nodes[setup.plan.stages[place.stage].tiles[place.tile].node]
    }

    /// Sends another node what its tile needs of a result.
    ///
    /// - Returns: the bytes of elements that left this node.
    private func send(
        _ parts: [TileRoutes.Delivery.Part], of result: Tensor, to target: TileRoutes.Place, _ inference: Int,
        _ setup: Setup
    ) async throws -> Int {
        let owner = owner(of: target, setup)
        let tensors = try parts.map { try result.cropped(to: $0.region) }
        let body = TaskMessage.Pieces(
            work: .init(task: task, inference: inference, stage: target.stage, tile: target.tile),
            pieces: parts.map(\.piece))
        let blobs = tensors.map(Blob.init)
        do {
            try await node.send(
                Message(kind: TaskMessage.pieces, body: body, payload: blobs), to: owner, inference: inference,
                for: target, noting: setup.recorder)
        } catch let error as TesseraError where error.code == .nodeFailure {
            try await node.send(
                Message(kind: TaskMessage.forward, body: body, payload: blobs), to: leader, inference: inference,
                for: target, noting: setup.recorder)
        }
        return tensors.reduce(0) { $0 + $1.byteCount }
    }
}
