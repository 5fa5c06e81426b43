import Foundation
import Tessera

extension HostileCampaign {
    /// Attacks a leader as one of its nodes would, over the in-process transport.
    public func attackLeader(
        frames count: Int, seed: UInt64, progress: @Sendable (Report) -> Void = { _ in }
    ) async throws -> Report {
        let mutator = MessageMutator(traffic.toLeader)
        let hub = LoopbackHub()
        let leader = await equipment.node(on: try hub.join(equipment.information(named: "leader")))
        let honest = await equipment.node(on: try hub.join(equipment.information(named: "a")))
        let other = await equipment.node(on: try hub.join(equipment.information(named: "other")))
        var report = Report()
        var round: UInt64 = 0
        while report.frames < count {
            let evil = try hub.join(equipment.information(named: "b"))
            let number = round
            let attack = Task {
                var generator = SeededGenerator(seed: seed &+ number &* 1_000_003)
                return await imitate(evil, mutator, using: &generator)
            }
            let outcome = Task { [traffic] in
                let isTimed = number % 3 == 0
                let task = try await ClusterTask.lead(traffic.plan, on: leader, peers: ["a", "b"], timed: isTimed)
                _ = try await task.run(traffic.inputs)
                if isTimed { _ = try await task.timeline() }
                await task.finish()
            }
            // An attacker may well keep its leader waiting; when it leaves, that must end.
            let watch = Task {
                try await Task.sleep(for: .milliseconds(20))
                hub.drop("b")
            }
            do {
                try await within(.seconds(60), "a task of which one node is an attacker") { try await outcome.value }
            } catch is TesseraError {}
            watch.cancel()
            hub.drop("b")
            let sent = await attack.value
            report.frames += sent.frames
            report.refused += sent.refused
            report.tasks += 1
            round += 1
            if round % 50 == 0 || report.frames >= count {
                try await leadHonestly(leader, on: ["a", "other"])
                report.honestTasks += 1
                progress(report)
            }
        }
        for node in [leader, honest, other] { await node.close() }
        return report
    }

    /// Says what a node would say, wrong in part, for every message that comes.
    private func imitate(
        _ evil: LoopbackTransport, _ mutator: MessageMutator, using generator: inout SeededGenerator
    ) async -> Report {
        var report = Report()
        let wrongs = Double.random(in: 0...0.7, using: &generator)
        for await event in evil.events {
            guard case .received(let message, _) = event, let notice = try? message.decode([String: Anything].self),
                case .text(let text)? = notice["task"], let task = UUID(uuidString: text)
            else { continue }
            for _ in 0..<Int.random(in: 1...20, using: &generator) {
                // In the order of the recording, more or less: what the leader waits for comes, too.
                let expected = Self.answers[message.kind].flatMap { kinds in
                    traffic.toLeader.filter { kinds.contains($0.kind) }.randomElement(using: &generator)
                }
                guard let original = expected ?? traffic.toLeader.randomElement(using: &generator) else {
                    return report
                }
                var answer = original.about(task, insteadOf: traffic.task)
                if Double.random(in: 0...1, using: &generator) < wrongs {
                    answer = mutator.mutated(answer, using: &generator)
                }
                report.frames += 1
                guard let answer = parsed(mutator.frame(answer, using: &generator)) else {
                    report.refused += 1
                    continue
                }
                guard (try? await evil.send(answer, to: "leader")) != nil else { return report }
            }
        }
        return report
    }

    private static let answers: [String: Set<String>] = [
        "lead": ["wanted"], "layers": ["wanted", "ready"], "weights": ["ready"], "pieces": ["made", "forward"],
        "collect": ["submap"], "times": ["noted"],
    ]

    /// Any value of JSON.
    private enum Anything: Decodable {
        case text(String)
        case other

        init(from decoder: any Decoder) throws {
            self = (try? decoder.singleValueContainer().decode(String.self)).map { .text($0) } ?? .other
        }
    }
}
