import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// Random faults at random moments: scripts/test_faults.sh runs as many as it is asked for and shows the table.
@Suite(.serialized) struct RandomFaultTests {
    private struct Fault: CustomStringConvertible {
        let signal: Int32
        let victims: [Int]

        var description: String {
            "\(signal == SIGKILL ? "killed" : "stopped"), \(victims.count) of 4"
        }
    }

    private struct Outcome {
        let fault: String
        let isRight: Bool
        /// Seconds until the last victim was noticed, from then on until the new plan ran, and until all were back.
        let noticed: Double?
        let recovered: Double?
        let returned: Double
    }

    @Test("whatever becomes of nodes and whenever, answers are the single node's to the bit, and nodes come back")
    func faults() async throws {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["TESSERA_FAULTS"].flatMap(Int.init) ?? 4
        let seed = environment["TESSERA_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0...UInt64(UInt32.max))
        print("faults: TESSERA_SEED=\(seed)")
        var generator = SeededGenerator(seed: seed)
        let cluster = try await FaultyCluster(4)
        let task = try await cluster.lead()
        let (inputs, expected) = try cluster.example(0)
        _ = try await task.run(inputs)
        let usual = try await task.run(inputs).report.latency
        var outcomes: [Outcome] = []
        for number in 0..<count {
            let victims = Array((0..<4).shuffled(using: &generator).prefix(Int.random(in: 1...2, using: &generator)))
            let fault = Fault(signal: Bool.random(using: &generator) ? SIGKILL : SIGSTOP, victims: victims)
            let moment = Double.random(in: 0...1, using: &generator)
            let inference = Task { try await task.run(inputs).outputs }
            try await Task.sleep(for: usual * moment)
            let start = ContinuousClock.now
            for victim in victims { cluster.nodes[victim].signal(fault.signal) }
            let first = try await inference.value
            // The first may have been over when they went.
            let second = try await task.run(inputs).outputs
            let isRight = first == expected && second == expected
            #expect(isRight, "fault \(number): \(fault) at \(moment), seed \(seed)")
            #expect(await task.plan.nodeCount == 4 - victims.count, "fault \(number), seed \(seed)")
            let losses = victims.compactMap { cluster.journal.first(.loses(PeerID("node-\($0 + 1)")), after: start) }
            let noticed = losses.max()
            let planned = noticed.flatMap { cluster.journal.first(.sends("pieces"), after: $0) }
            let returning = ContinuousClock.now
            for victim in victims {
                if fault.signal == SIGKILL {
                    try cluster.nodes[victim].restart()
                } else {
                    cluster.nodes[victim].signal(SIGCONT)
                }
            }
            try await FaultyCluster.wait(for: "a plan for all nodes") { await task.plan.nodeCount == 4 }
            outcomes.append(
                Outcome(
                    fault: "\(fault)", isRight: isRight, noticed: noticed.map { ($0 - start) / .seconds(1) },
                    recovered: noticed.flatMap { noticed in planned.map { ($0 - noticed) / .seconds(1) } },
                    returned: (ContinuousClock.now - returning) / .seconds(1)))
        }
        #expect((try await task.run(inputs).outputs == expected) as Bool)
        await task.finish()
        await cluster.close()
        print(Self.table(outcomes))
    }

    private static func table(_ outcomes: [Outcome]) -> TextTable {
        var table = TextTable(header: ["nodes", "faults", "right answers", "noticed", "planned again", "back"])
        let groups = Dictionary(grouping: outcomes, by: \.fault).sorted { $0.key < $1.key }
        for (name, group) in groups + [("all", outcomes)] {
            table.add([
                name, "\(group.count)", "\(group.count(where: \.isRight))", spread(group.compactMap(\.noticed)),
                spread(group.compactMap(\.recovered)), spread(group.map(\.returned)),
            ])
        }
        return table
    }

    /// The median and the most, in milliseconds.
    private static func spread(_ seconds: [Double]) -> String {
        let sorted = seconds.sorted()
        guard let most = sorted.last else { return "-" }
        return String(format: "%.0f, at most %.0f ms", sorted[sorted.count / 2] * 1e3, most * 1e3)
    }
}
