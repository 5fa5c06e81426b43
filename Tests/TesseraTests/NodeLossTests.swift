import Foundation
import Synchronization
import Tessera
import TesseraTestSupport
import Testing

/// Nodes that are lost are done without, to the bit, and taken up again when they are back.
@Suite(.serialized) struct NodeLossTests {
    /// Moments of a run, and how many times each comes before something goes wrong.
    static let moments: [(LeaderJournal.Moment, Int)] = [
        (.sends("lead"), 1), (.sends("layers"), 1), (.sends("weights"), 1), (.sends("weights"), 9),
        (.receives("ready"), 1), (.sends("pieces"), 1), (.sends("pieces"), 3), (.receives("made"), 1),
        (.receives("made"), 20), (.receives("made"), 50), (.sends("collect"), 1), (.receives("submap"), 1),
    ]

    /// Whether scripts/test_faults.sh asks for more than there is time for in every run of all tests.
    private static let isThorough = ProcessInfo.processInfo.environment["TESSERA_FAULTS"] != nil

    @Test("a node process that is killed at any moment of a run", arguments: moments.indices)
    func killed(_ index: Int) async throws {
        for victim in Self.isThorough ? Array(0..<3) : [index % 3] {
            try await lose(victim, by: SIGKILL, at: Self.moments[index].0, Self.moments[index].1)
        }
    }

    @Test("a node process that stops answering", arguments: [2, 4, 6, 8, 11])
    func stopped(_ index: Int) async throws {
        try await lose(1, by: SIGSTOP, at: Self.moments[index].0, Self.moments[index].1)
    }

    private func lose(_ victim: Int, by signal: Int32, at moment: LeaderJournal.Moment, _ count: Int) async throws {
        let cluster = try await FaultyCluster(3)
        let struck = Mutex(ContinuousClock.now)
        cluster.journal.at(moment, count) {
            struck.withLock { $0 = .now }
            cluster.nodes[victim].signal(signal)
        }
        let task = try await cluster.lead()
        // The first may have been over when the node went.
        for number in 0..<2 {
            let (inputs, expected) = try cluster.example(number)
            #expect((try await task.run(inputs).outputs == expected) as Bool, "inference \(number)")
        }
        #expect(await task.recovered == 1)
        #expect(await task.plan.nodeCount == 2)
        let start = struck.withLock { $0 }
        let noticed = try #require(cluster.journal.first(.loses(PeerID("node-\(victim + 1)")), after: start)) - start
        // Silence of 0.8 s counts, and is looked for every 0.1 s; the rest is for a busy machine.
        #expect(noticed < (signal == SIGKILL ? .milliseconds(500) : .milliseconds(1500)))
        await task.finish()
        await cluster.close()
    }

    @Test(
        "two nodes of four at once, while several inferences are under way: each has its own answer",
        arguments: [
            SIGKILL, SIGSTOP,
        ])
    func severalInferences(_ signal: Int32) async throws {
        let cluster = try await FaultyCluster(4)
        let task = try await cluster.lead()
        cluster.journal.at(.receives("made"), 100) {
            cluster.nodes[0].signal(signal)
            cluster.nodes[2].signal(signal)
        }
        let answered = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<6 {
                group.addTask {
                    let (inputs, expected) = try cluster.example(number)
                    #expect((try await task.run(inputs).outputs == expected) as Bool, "inference \(number)")
                    return number
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answered.sorted() == Array(0..<6))
        #expect(await task.recovered == 2)
        #expect(await task.plan.nodeCount == 2)
        await task.finish()
        await cluster.close()
    }

    @Test("when all nodes are lost there is one error, and one of them that is back is enough to go on")
    func allLost() async throws {
        let cluster = try await FaultyCluster(2)
        let task = try await cluster.lead()
        cluster.journal.at(.receives("made"), 10) { for node in cluster.nodes { node.signal(SIGKILL) } }
        let (inputs, expected) = try cluster.example(0)
        let error = await #expect(throws: TesseraError.self) { try await task.run(inputs) }
        #expect(error?.code == .nodeFailure)
        #expect(error?.message == "all 2 nodes are lost", "\(String(describing: error))")
        try cluster.nodes[1].restart()
        try await FaultyCluster.wait(for: "the return of a node") { await task.plan.nodeCount == 1 }
        #expect((try await task.run(inputs).outputs == expected) as Bool)
        await task.finish()
        await cluster.close()
    }

    @Test("a node that is started again at its address takes its share again, and gets its weights")
    func restarted() async throws {
        let cluster = try await FaultyCluster(3)
        let task = try await cluster.lead()
        cluster.journal.at(.receives("made"), 10) { cluster.nodes[2].signal(SIGKILL) }
        let (inputs, expected) = try cluster.example(0)
        #expect((try await task.run(inputs).outputs == expected) as Bool)
        #expect(await task.plan.nodeCount == 2)
        let before = await task.distributedByteCount
        try cluster.nodes[2].restart()
        try await FaultyCluster.wait(for: "a plan for all nodes") { await task.plan.nodeCount == 3 }
        #expect((try await task.run(inputs).outputs == expected) as Bool)
        #expect(await task.distributedByteCount - before > cluster.weightByteCount)
        #expect(await task.recovered == 1)
        await task.finish()
        await cluster.close()
    }

    @Test("a node that answers again takes its share again, and is sent no weights that it has")
    func resumed() async throws {
        let cluster = try await FaultyCluster(3)
        let task = try await cluster.lead()
        cluster.journal.at(.receives("made"), 10) { cluster.nodes[0].signal(SIGSTOP) }
        let (inputs, expected) = try cluster.example(0)
        let before = await task.distributedByteCount
        #expect((try await task.run(inputs).outputs == expected) as Bool)
        #expect(await task.plan.nodeCount == 2)
        cluster.nodes[0].signal(SIGCONT)
        try await FaultyCluster.wait(for: "a plan for all nodes") { await task.plan.nodeCount == 3 }
        #expect((try await task.run(inputs).outputs == expected) as Bool)
        let distributed = await task.distributedByteCount - before
        #expect(distributed < cluster.weightByteCount / 5, "two plans, found \(distributed) bytes")
        await task.finish()
        await cluster.close()
    }

    @Test(
        "a leader that dies or stops answering at any moment leaves nodes that serve the next one",
        arguments: [
            SIGKILL, SIGSTOP,
        ])
    func leaderLost(_ signal: Int32) async throws {
        let cluster = try await FaultyCluster(2)
        let folder = try TemporaryFolder()
        var generator = SeededGenerator(seed: 1)
        try NpyFile.write(Tensor.random([1, 1, 512, 512], using: &generator), to: folder.file("x.npy"))
        let file = try folder.write(
            """
            tessera: 1
            network: \(TestFiles.network("dncnn"))
            nodes: [\(cluster.nodes.map { "\"\($0.address)\"" }.joined(separator: ", "))]
            """, to: "deployment.yaml")
        let (inputs, expected) = try cluster.example(0)
        let seed = UInt64.random(in: 0...UInt64.max)
        var moments = SeededGenerator(seed: seed)
        for _ in 0..<(Self.isThorough ? 20 : 3) {
            let other = Process()
            other.executableURL = URL(fileURLWithPath: TestFiles.executable)
            other.arguments = ["deploy", file, "--input", folder.file("x.npy"), "--runs", "1000"]
            other.standardError = FileHandle.nullDevice
            try other.run()
            // Wherever it is by then: starting, distributing or computing.
            let moment = Int.random(in: 0...3000, using: &moments)
            try await Task.sleep(for: .milliseconds(moment))
            kill(other.processIdentifier, signal)
            let start = ContinuousClock.now
            let task = try await cluster.lead()
            #expect((try await task.run(inputs).outputs == expected) as Bool)
            await task.finish()
            let taken = ContinuousClock.now - start
            if Self.isThorough { print("ready for the next leader, with its first answer: \(taken)") }
            #expect(taken < .seconds(3), "\(taken) after \(moment) ms, seed \(seed)")
            kill(other.processIdentifier, SIGKILL)
            other.waitUntilExit()
        }
        await cluster.close()
    }

    @Test("nodes that compute on all cores are not taken for lost")
    func busy() async throws {
        let (graph, inputs) = try DeploymentTests.load("dncnn", [1, 1, 320, 320])
        let expected = try DeploymentTests.single(graph, inputs)
        let cores = ProcessInfo.processInfo.activeProcessorCount
        // Four times as many threads as there are cores.
        let deployment = try await Deployment.start(
            graph, partition: PartitionChoice(), transport: nil,
            members: .spawned(4, executable: TestFiles.executable), threads: cores)
        for _ in 0..<3 { #expect((try await deployment.run(inputs).outputs == expected) as Bool) }
        #expect(await deployment.recovered == 0)
        await deployment.close()
    }

    @Test("node processes end when the process that started them closes the cluster, stopped ones too")
    func noProcessStays() async throws {
        let (graph, _) = try DeploymentTests.load("dncnn", [1, 1, 16, 16])
        let deployment = try await DeploymentTests.deploy(graph, "vertical", 2, .processes)
        let processes = deployment.cluster.processIdentifiers
        #expect(processes.count == 2 && processes.allSatisfy { kill($0, 0) == 0 })
        kill(processes[1], SIGSTOP)
        let closing = ContinuousClock.now
        await deployment.close()
        #expect(ContinuousClock.now - closing < .seconds(10), "a stopped process does not hold up the end")
        #expect(processes.allSatisfy { kill($0, 0) != 0 })
    }

    @Test("an executable that is no node")
    func notANode() async throws {
        let (graph, _) = try DeploymentTests.load("dncnn", [1, 1, 16, 16])
        for executable in ["/bin/true", "/does/not/exist"] {
            let error = await #expect(throws: TesseraError.self) {
                try await Deployment.start(
                    graph, partition: PartitionChoice(), transport: nil,
                    members: .spawned(2, executable: executable))
            }
            #expect(error?.code == .nodeFailure)
        }
    }
}

extension FaultyCluster {
    fileprivate var weightByteCount: Int { graph.parameters.flatMap(\.values).reduce(0) { $0 + $1.byteCount } }
}
