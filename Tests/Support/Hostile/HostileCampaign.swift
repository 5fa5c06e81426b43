import Foundation
import Tessera

/// Sends frames that no honest peer would send to a node and to a leader, and looks whether they still do their work.
public struct HostileCampaign: Sendable {
    /// What became of it.
    public struct Report: Sendable {
        /// Frames that were sent.
        public var frames = 0
        /// Of these, such as a parser refused, which ends a connection.
        public var refused = 0
        /// Tasks that honest leaders led meanwhile, with the right answer.
        public var honestTasks = 0
        /// Tasks that attackers took part in.
        public var tasks = 0
    }

    /// Something that must not be.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    let equipment: NodeEquipment
    let traffic: RecordedTraffic

    /// What a node may take while it is attacked, so that more is found.
    private static var limits: NodeLimits {
        var limits = NodeLimits()
        (limits.tasks, limits.requests, limits.memory, limits.weights) = (32, 16, 64, 16)
        return limits
    }

    public init() async throws {
        equipment = try NodeEquipment(
            .builtin, options: CompileOptions(threads: 1), limits: Self.limits)
        traffic = try await .record(equipment)
    }

    /// Frames pass through a parser as those of a connection do.
    func parsed(_ bytes: [UInt8]) -> Message? {
        var parser = FrameParser(limits: FrameLimits(frame: 1 << 24, header: 1 << 20, blobs: 2048))
        return bytes.withUnsafeBytes { bytes in
            var bytes = bytes
            guard let frame = try? parser.next(from: &bytes), frame.type == .message else { return nil }
            return frame.message
        }
    }

    func require(_ condition: Bool, _ message: @autoclosure () -> String) throws {
        if !condition { throw Failure(description: message()) }
    }

    /// - Throws: `Failure` if `body` takes longer.
    func within<Result: Sendable>(
        _ limit: Duration, _ what: String, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: limit)
                throw Failure(description: "\(what) took longer than \(limit)")
            }
            defer { group.cancelAll() }
            guard let result = try await group.next() else { throw CancellationError() }
            return result
        }
    }

    /// One number of a node's metrics.
    func metric(_ name: String, of node: Node) async -> Double {
        await node.metrics().first { $0.name == name }?.value ?? -1
    }

    /// Waits until a node works for nobody and has given all memory back.
    func requireIdle(_ node: Node) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            let (tasks, bytes) = (
                await metric("tessera_tasks", of: node), await metric("tessera_memory_bytes", of: node)
            )
            if tasks == 0, bytes == 0 { return }
            try require(
                ContinuousClock.now < deadline,
                "expected an idle node, found \(Int(tasks)) tasks and \(Int(bytes)) bytes")
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// An honest leader has its task done by the node that is attacked.
    func leadHonestly(_ leader: Node, on peers: [PeerID]) async throws {
        let traffic = traffic
        let outputs = try await within(.seconds(60), "an honest task") {
            let task = try await ClusterTask.lead(traffic.plan, on: leader, peers: peers)
            let (outputs, _) = try await task.run(traffic.inputs)
            await task.finish()
            return outputs
        }
        try require(outputs == traffic.outputs, "an honest leader got a wrong answer")
    }
}
