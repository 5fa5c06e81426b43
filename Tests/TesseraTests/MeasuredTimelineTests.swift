import Tessera
import TesseraTestSupport
import Testing

/// What devices note of inferences that ran.
@Suite struct MeasuredTimelineTests {
    /// An hour, in nanoseconds.
    private static let hour: Int64 = 3_600_000_000_000

    /// A node whose clock is ahead of those of others.
    private func node(_ name: PeerID, ahead: Int64, on hub: LoopbackHub) async throws -> Node {
        let equipment = ClusterTaskTests.equipment
        let node = Node(
            transport: try hub.join(equipment.information(named: name)), operators: equipment.operators,
            backend: equipment.backend, clock: NodeClock { NodeClock.monotonic.now + ahead })
        await node.start()
        return node
    }

    @Test("clocks that differ by hours are brought onto the leader's, and every tile and piece is there once")
    func alignment() async throws {
        let hub = LoopbackHub()
        let nodes = [
            try await node("leader", ahead: 0, on: hub), try await node("a", ahead: Self.hour, on: hub),
            try await node("b", ahead: -Self.hour, on: hub),
        ]
        let (graph, inputs) = try DeploymentTests.load("dncnn", [1, 1, 40, 40])
        let plan = try PartitionChoice(strategy: "layerwise").plan(graph, nodes: 2, strategies: .builtin)
        let task = try await ClusterTask.lead(plan, on: nodes[0], peers: ["a", "b"], timed: true)
        for _ in 0..<2 { _ = try await task.run(inputs) }
        let measured = try await task.timeline()
        let timeline = measured.timeline()
        #expect(measured.devices == ["a", "b", "leader"] && measured.leader == 2 && measured.inferences == [1, 2])
        #expect(measured.clockBounds[2] == 0 && measured.clockBounds.allSatisfy { $0 < 60 })

        let computed = timeline.intervals.filter { $0.activity == .compute }
        // Every tile, and what is left to the leader.
        #expect(computed.count == 2 * (plan.stages.reduce(0) { $0 + $1.tiles.count } + 1))
        #expect(Set(computed.filter { $0.endpoint == 0 }.map(\.stage)) == Set(plan.stages.indices))
        #expect(timeline.byteCount == 2 * plan.bytesExchanged)
        let (sent, received) = (
            timeline.intervals.filter { $0.activity == .send }, timeline.intervals.filter { $0.activity == .receive }
        )
        #expect(sent.count == received.count)

        let bound = (measured.clockBounds.max() ?? 0) * 2 + 1e-9
        #expect(timeline.intervals.allSatisfy { $0.start <= $0.end })
        #expect(timeline.intervals.allSatisfy { $0.start >= -bound && $0.end <= timeline.duration + bound })
        // A tile is computed after all that it needs was received.
        for tile in computed {
            let arrivals = received.filter {
                $0.endpoint == tile.endpoint && $0.picture == tile.picture && $0.stage == tile.stage
            }
            #expect(arrivals.allSatisfy { $0.end <= tile.start + 1e-9 })
        }
        // What is asked for again is what came since.
        #expect(try await task.timeline().timeline().intervals.isEmpty)
        let (_, report) = try await task.run(inputs)
        let third = try await task.timeline().timeline(of: [report.inference])
        #expect(report.inference == 3 && third.finishTimes.count == 1 && third.byteCount == plan.bytesExchanged)
        await task.finish()
        for node in nodes { await node.close() }
    }

    @Test("processes of this host share one clock, and the estimate says so within its bound")
    func sharedClock() async throws {
        let (graph, _) = try DeploymentTests.load("dncnn", [1, 1, 16, 16])
        let deployment = try await DeploymentTests.deploy(graph, "vertical", 2, .processes)
        for peer in deployment.cluster.peers {
            var trips: [RoundTrip] = []
            for _ in 0..<8 { trips.append(try await deployment.cluster.leader.roundTrip(to: peer)) }
            let offset = try #require(ClockOffset(trips))
            #expect(abs(offset.nanoseconds) <= offset.bound, "\(offset)")
            #expect(offset.bound > 0)
        }
        await #expect(throws: TesseraError.self) { try await deployment.cluster.leader.roundTrip(to: "nobody") }
        await deployment.close()
    }

    @Test("a task that is not timed says so, and a leader that is a node has one row")
    func options() async throws {
        let nodes = try await ClusterTaskTests.nodes(["a", "b"])
        let (graph, inputs) = try DeploymentTests.load("dncnn", [1, 1, 20, 20])
        let plan = try PartitionChoice().plan(graph, nodes: 2, strategies: .builtin)
        let untimed = try await ClusterTask.lead(plan, on: nodes[0], peers: ["a", "b"])
        let error = await #expect(throws: TesseraError.self) { try await untimed.timeline() }
        #expect(error?.message.contains("timed") == true)
        await untimed.finish()
        let timed = try await ClusterTask.lead(plan, on: nodes[0], peers: ["a", "b"], timed: true)
        _ = try await timed.run(inputs)
        let timeline = try await timed.timeline().timeline()
        #expect(timeline.devices == ["a (leader)", "b"])
        // What the leader's own tile reads and makes does not move: what 'b' reads and makes does.
        #expect(timeline.intervals.filter { $0.activity == .send }.map(\.endpoint).sorted() == [0, 1])
        #expect(timeline.intervals.filter { $0.activity == .compute }.map(\.endpoint).sorted() == [0, 0, 1])
        await timed.finish()
        for node in nodes { await node.close() }
    }
}
