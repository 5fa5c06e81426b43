import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// Timelines worked out by hand, in microseconds. Devices do 1 operation a microsecond, links move 1 byte a microsecond and have a
/// latency of 1000; memory is free.
@Suite struct SimulationTests {
    private static let fast = 1e18
    private func device(_ name: String, speed: Double = 1) -> Device {
        Device(name: name, multiplyAccumulatesPerSecond: 1e6, memoryBandwidth: Self.fast, speed: speed)
    }
    private var cluster: ClusterProfile {
        ClusterProfile(
            nodes: [device("a"), device("b")], leader: device("leader"), link: Link(bandwidth: 1e6, latency: 1e-3))
    }

    /// Convolutions of 3x3 over 1x1x8x6, each a stage in two strips of 4 rows.
    private func plan(convolutions count: Int) throws -> Plan {
        var network = try NetworkSketch(1, 8, 6)
        for index in 0..<count { try network.add("conv\(index)", NetworkSketch.conv(1)) }
        let graph = try network.bound()
        let choices = (1...count).map { value in
            StageChoice(
                output: value,
                tiles: [0..<4, 4..<8].enumerated().map {
                    TileChoice(node: $0, region: Region([0..<1, 0..<1, $1, 0..<6]))
                })
        }
        return try Plan(graph, nodes: 2, choices: choices, strategy: "hand")
    }

    private func simulated(
        _ plan: Plan, on cluster: ClusterProfile? = nil, pictures: Int = 1, slowdowns: [Int: Double] = [:]
    ) throws -> Simulation {
        try plan.simulated(
            with: CostModel(plan.graph, on: cluster ?? self.cluster), pictures: pictures, slowdowns: slowdowns)
    }

    private func microseconds(_ simulation: Simulation) -> [Double] {
        simulation.finishTimes.map { ($0 * 1e9).rounded() / 1e3 }
    }

    /// Start and end of what a device did in one way.
    private func times(_ simulation: Simulation, _ endpoint: Int, _ activity: Simulation.Activity) -> [[Double]] {
        simulation.intervals.filter { $0.endpoint == endpoint && $0.activity == activity && $0.end > $0.start }
            .map { [($0.start * 1e9).rounded() / 1e3, ($0.end * 1e9).rounded() / 1e3] }
            .sorted { $0[0] < $1[0] }
    }

    @Test("one stage: the leader sends one piece after the other, nodes compute, results come together")
    func oneStage() throws {
        let simulation = try simulated(plan(convolutions: 1))
        // Each node reads 5 rows of 6 numbers, 120 bytes, and has 4 · 6 · 9 = 216 operations; its result is 96 bytes.
        #expect(times(simulation, 2, .send) == [[0, 120], [120, 240]])
        #expect(times(simulation, 0, .receive) == [[1000, 1120]])
        #expect(times(simulation, 1, .receive) == [[1120, 1240]])
        #expect(times(simulation, 0, .compute) == [[1120, 1336]])
        #expect(times(simulation, 1, .compute) == [[1240, 1456]])
        #expect(times(simulation, 0, .send) == [[1336, 1432]])
        #expect(times(simulation, 1, .send) == [[1456, 1552]])
        #expect(times(simulation, 2, .receive) == [[2336, 2432], [2456, 2552]])
        #expect(microseconds(simulation) == [2552])
        #expect(simulation.byteCount == 432)
        #expect(abs(simulation.throughput - 1 / 2552e-6) < 1e-6)
    }

    @Test("two stages: a tile waits for the row that its neighbour made, and for no more")
    func halos() throws {
        let simulation = try simulated(plan(convolutions: 2))
        // A halo is one row, 24 bytes. Node a sends its at 1336, as soon as it has it, b at 1456.
        #expect(times(simulation, 0, .send) == [[1336, 1360], [2696, 2792]])
        #expect(times(simulation, 1, .receive) == [[1120, 1240], [2336, 2360]])
        #expect(times(simulation, 1, .compute) == [[1240, 1456], [2360, 2576]])
        #expect(times(simulation, 0, .compute) == [[1120, 1336], [2480, 2696]])
        #expect(microseconds(simulation) == [3792])
        #expect(simulation.byteCount == 432 + 48)
    }

    @Test("what arrives at the same time is received one after the other")
    func receivingInTurn() throws {
        // Node a takes 336 us in place of 216: both results are there at 1456, and both arrive from 2456 on.
        let simulation = try simulated(plan(convolutions: 1), slowdowns: [0: 336.0 / 216])
        #expect(times(simulation, 2, .receive) == [[2456, 2552], [2552, 2648]])
        #expect(microseconds(simulation) == [2648])
    }

    @Test("a straggler and a faster device")
    func speeds() throws {
        // b takes 648 us: from 1240 to 1888; its result is there 1096 later.
        #expect(try microseconds(simulated(plan(convolutions: 1), slowdowns: [1: 3])) == [2984])
        let mixed = ClusterProfile(
            nodes: [device("a"), device("b", speed: 2)], leader: device("leader"),
            link: Link(bandwidth: 1e6, latency: 1e-3))
        // b takes 108 us, from 1240 to 1348: its result arrives after that of a, from 2432 on.
        #expect(try microseconds(simulated(plan(convolutions: 1), on: mixed)) == [2528])
    }

    @Test("half of all packets lost: everything is sent twice")
    func loss() throws {
        let lossy = ClusterProfile(
            nodes: [device("a"), device("b")], leader: device("leader"),
            link: Link(bandwidth: 1e6, latency: 1e-3, loss: 0.5))
        // Pieces take 240, results 192: b receives from 1240 to 1480, computes until 1696, and its result comes from 2696 on.
        let simulation = try simulated(plan(convolutions: 1), on: lossy)
        #expect(microseconds(simulation) == [2888])
        #expect(simulation.byteCount == 432)
    }

    @Test("two pictures share the devices, the first one first")
    func pictures() throws {
        let simulation = try simulated(plan(convolutions: 1), pictures: 2)
        // a computes 1120-1336 and, its second piece being there at 1360, 1360-1576; b 1240-1456 and 1480-1696.
        #expect(times(simulation, 2, .send) == [[0, 120], [120, 240], [240, 360], [360, 480]])
        #expect(times(simulation, 1, .compute) == [[1240, 1456], [1480, 1696]])
        #expect(microseconds(simulation) == [2552, 2792])
    }

    @Test("a leader that is a node sends itself nothing")
    func leadingNode() throws {
        let cluster = try ClusterProfile(
            nodes: [device("a"), device("b")], leaderNode: 0, link: Link(bandwidth: 1e6, latency: 1e-3))
        let simulation = try simulated(plan(convolutions: 1), on: cluster)
        // b receives from 1000 to 1120, computes until 1336, sends 96 bytes, which are there at 2432.
        #expect(times(simulation, 0, .compute) == [[0, 216]])
        #expect(times(simulation, 0, .send) == [[0, 120]])
        #expect(microseconds(simulation) == [2432])
    }

    @Test("the best single device is the leader, or a faster node if sending the picture there pays")
    func single() throws {
        let graph = try plan(convolutions: 2).graph
        func best(speed: Double) throws -> (endpoint: Int, simulation: Simulation)? {
            let cluster = ClusterProfile(
                nodes: [device("a"), device("b", speed: speed)], leader: device("leader", speed: 0.1),
                link: Link(bandwidth: 1e6, latency: 1e-3))
            return try CostModel(graph, on: cluster).bestSingleDevice()
        }
        // The leader takes 8640 us for 2 · 432 operations. b is sent 192 bytes and sends as many back: 2 · 1192, and 864 / 4.
        let far = try #require(try best(speed: 4))
        #expect(far.endpoint == 1)
        #expect(microseconds(far.simulation) == [2600])
        let near = try #require(try CostModel(graph, on: cluster).bestSingleDevice())
        #expect(near.endpoint == 2)
        #expect(microseconds(near.simulation) == [864])
    }

    @Test("a thousand nodes in a moment, and every piece arrives")
    func manyNodes() throws {
        var network = try NetworkSketch(1, 1000, 4)
        try network.add("conv1", NetworkSketch.conv(1))
        try network.add("conv2", NetworkSketch.conv(1))
        let graph = try network.bound()
        let tiles = (0..<1000).map { TileChoice(node: $0, region: Region([0..<1, 0..<1, $0..<$0 + 1, 0..<4])) }
        let plan = try Plan(
            graph, nodes: 1000, choices: [1, 2].map { StageChoice(output: $0, tiles: tiles) }, strategy: "hand")
        let cluster = ClusterProfile(equalNodes: 1000)
        let simulation = try plan.simulated(with: CostModel(graph, on: cluster))
        // 998 tiles of 3 rows and 2 of 2 in the first stage, 1998 halos of one row, 1000 results of one row; rows are 16 bytes.
        #expect(simulation.byteCount == 16 * (998 * 3 + 4 + 1998 + 1000))
        #expect(simulation.finishTimes[0] > 0)
    }

    @Test("settings that make no sense are refused")
    func errors() throws {
        let plan = try plan(convolutions: 1)
        expectError(.invalidArgument, "1 to 100000 pictures, found 0") { try simulated(plan, pictures: 0) }
        expectError(.invalidArgument, "'a' to take 0 to 1000000 times as long, found 0") {
            try simulated(plan, slowdowns: [0: 0])
        }
        expectError(.invalidArgument, "at least 2 nodes, found 1") {
            try simulated(plan, on: ClusterProfile(equalNodes: 1))
        }
    }

    @Test("the picture has a titled bar for all that is done, and a row for every device that does something")
    func drawing() throws {
        let simulation = try simulated(plan(convolutions: 2))
        let svg = Timeline(simulation, on: cluster).svg(title: "<two>")
        // The leader's layers after the last stage are none, and take no time.
        let bars = simulation.intervals.filter { $0.end > $0.start }.count
        #expect(bars == 16)
        #expect(svg.components(separatedBy: "<title>").count - 1 == bars)
        #expect(svg.contains("computes for stage 2 of picture 1, 2.48 to 2.70 ms"))
        #expect(svg.contains("&lt;two&gt;") && svg.contains(">leader</text>") && svg.contains(">ms</text>"))
    }
}
