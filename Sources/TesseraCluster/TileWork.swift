import Foundation
import Synchronization
import TesseraCore
import TesseraPartition
import TesseraRuntime

/// What a node does for one task that somebody leads: gets layers and weights, compiles its tiles, computes them, and hands its
/// sub-maps over when they are collected (METHODS.md A4-A6).
final class TileWork: Sendable {
    private struct Setup {
        let plan: Plan
        /// This node's compiled tiles, by stage and tile.
        let sessions: [[Int: Session]]
    }

    private let task: UUID
    private let leader: PeerID
    private let node: Node
    /// True once the task is over for this node: what still runs stops at the next layer.
    private let isOver = Mutex(false)

    init(task: UUID, leader: PeerID, node: Node) {
        (self.task, self.leader, self.node) = (task, leader, node)
    }

    /// Ends the work, also in the middle of a tile.
    func cancel() { isOver.withLock { $0 = true } }

    /// Follows the leader's messages until there are no more. An error is reported to the leader and ends the work.
    func run(_ messages: AsyncStream<Message>) async {
        do {
            try await follow(messages)
        } catch is CancellationError {
            return
        } catch {
            guard !isOver.withLock({ $0 }) else { return }
            let failure = (error as? TesseraError) ?? TesseraError(.backendFailure, "\(error)")
            node.logger.error("a task failed", metadata: ["task": "\(task)", "error": "\(failure)"])
            let body = TaskMessage.Failure(task: task, code: failure.code.rawValue, message: "\(failure)")
            try? await send(TaskMessage.failed, body)
        }
    }

    private func follow(_ messages: AsyncStream<Message>) async throws {
        var layers: TaskMessage.Layers?
        var missing: Set<ContentHash> = []
        /// What this task needs stays here, whatever the store forgets.
        var weights: [ContentHash: Tensor] = [:]
        var setup: Setup?
        var results: [TaskMessage.Work: Tensor] = [:]
        for await message in messages {
            switch message.kind {
            case TaskMessage.layers:
                let received = try message.decode(TaskMessage.Layers.self)
                for hash in try needed(by: received) {
                    if let tensor = node.weights[hash] { weights[hash] = tensor } else { missing.insert(hash) }
                }
                try await send(
                    TaskMessage.wanted,
                    TaskMessage.Wanted(task: task, hashes: missing.sorted { $0.hexadecimal < $1.hexadecimal }))
                layers = received
                if missing.isEmpty { setup = try await prepare(received, weights) }
            case TaskMessage.weights:
                for (hash, tensor) in try receiveWeights(message) {
                    weights[hash] = tensor
                    missing.remove(hash)
                }
                if let layers, missing.isEmpty, setup == nil { setup = try await prepare(layers, weights) }
            case TaskMessage.tile:
                guard let setup else { throw TesseraError(.protocolViolation, "a tile came before layers and weights") }
                let (work, result) = try await compute(message, setup)
                results[work] = result
                try await send(TaskMessage.made, work)
            case TaskMessage.collect:
                let collect = try message.decode(TaskMessage.Collect.self)
                let finished = results.filter { $0.key.inference == collect.inference && $0.key.stage == collect.stage }
                for (work, result) in finished.sorted(by: { $0.key.tile < $1.key.tile }) {
                    results[work] = nil
                    try await node.send(
                        Message(kind: TaskMessage.submap, body: work, payload: [Blob(result)]), to: leader)
                }
            default: break
            }
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

    private func isOwn(_ tile: Tile, in layers: TaskMessage.Layers) -> Bool {
        layers.nodes.indices.contains(tile.node) && layers.nodes[tile.node] == node.name
    }

    private func needed(by layers: TaskMessage.Layers) throws -> Set<ContentHash> {
        let plan = try plan(of: layers) { _ in nil }
        let own = plan.stages.flatMap(\.tiles).filter { isOwn($0, in: layers) }
        return layers.graph.hashes(ofNodes: Set(own.flatMap { $0.layers.map(\.node) }))
    }

    private func receiveWeights(_ message: Message) throws -> [ContentHash: Tensor] {
        var received: [ContentHash: Tensor] = [:]
        let entries = try message.decode(TaskMessage.Weights.self).entries
        for (index, entry) in entries.enumerated() {
            let tensor = try message.blob(index).tensor(shape: Shape(entry.shape), elementType: entry.elementType)
            let actual = ContentHash(tensor)
            guard actual == entry.hash else {
                throw TesseraError(.protocolViolation, "expected a weight with hash \(entry.hash), found \(actual)")
            }
            node.weights.insert(tensor, for: entry.hash)
            received[entry.hash] = tensor
        }
        return received
    }

    private func prepare(_ layers: TaskMessage.Layers, _ weights: [ContentHash: Tensor]) async throws -> Setup {
        let plan = try plan(of: layers) { weights[$0] }
        let (backend, options) = (node.backend, node.options)
        let sessions = try await node.compute.run {
            try plan.stages.map { stage in
                var sessions: [Int: Session] = [:]
                for (index, tile) in stage.tiles.enumerated() where self.isOwn(tile, in: layers) {
                    let network = try tile.network(in: plan.graph)
                    var options = options
                    options.kernels = layers.kernels
                    options.precision = tile.precision(layers.precision, in: plan.graph.graph, as: network.graph)
                    sessions[index] = try Session(network, backend: backend, options: options)
                }
                return sessions
            }
        }
        try await send(TaskMessage.ready, TaskMessage.Notice(task: task))
        return Setup(plan: plan, sessions: sessions)
    }

    // MARK: Tiles

    private func compute(_ message: Message, _ setup: Setup) async throws -> (TaskMessage.Work, Tensor) {
        let work = try message.decode(TaskMessage.Work.self)
        guard setup.sessions.indices.contains(work.stage), let session = setup.sessions[work.stage][work.tile] else {
            throw TesseraError(.protocolViolation, "tile \(work.tile) of stage \(work.stage) is not this node's")
        }
        let tile = setup.plan.stages[work.stage].tiles[work.tile]
        var inputs: [String: Tensor] = [:]
        for (index, input) in tile.inputs.enumerated() {
            inputs[setup.plan.graph.graph.values[input.value].name] = try message.blob(index).tensor(
                shape: input.region.shape, elementType: setup.plan.graph.elementTypes[input.value])
        }
        let ready = inputs
        let outputs = try await node.compute.run {
            try session.run(ready) { self.isOver.withLock { $0 } }
        }
        guard let result = outputs.values.first else {
            throw TesseraError(.backendFailure, "a tile made nothing")
        }
        return (work, result)
    }
}
