import Foundation
import Tessera

extension HostileCampaign {
    /// Attacks a node as a leader and as other nodes would, over the in-process transport.
    ///
    /// - Parameter progress: told how many frames were sent, from time to time.
    public func attackNode(
        frames count: Int, seed: UInt64, progress: @Sendable (Report) -> Void = { _ in }
    ) async throws -> Report {
        var generator = SeededGenerator(seed: seed)
        let mutator = MessageMutator(traffic.toNode)
        let hub = LoopbackHub()
        let node = await equipment.node(on: try hub.join(equipment.information(named: "node")))
        let honest = await equipment.node(on: try hub.join(equipment.information(named: "honest")))
        let other = await equipment.node(on: try hub.join(equipment.information(named: "other")))
        var report = Report()
        var attack = 0
        while report.frames < count {
            // Named as the recorded neighbour, so that its pieces are its own.
            let name: PeerID = attack % 2 == 0 ? "leader" : "b"
            let evil = try hub.join(PeerInformation(peer: name))
            let drain = Task { for await _ in evil.events {} }
            let end = min(count, report.frames + 2000)
            while report.frames < end { try await converse(evil, mutator, end, &report, using: &generator) }
            hub.drop(name)
            await drain.value
            attack += 1
            try await leadHonestly(honest, on: ["node", "other"])
            report.honestTasks += 1
            progress(report)
        }
        try await requireIdle(node)
        for node in [node, honest, other] { await node.close() }
        return report
    }

    /// One task, in which some of what is said is wrong, comes twice, too early or not at all.
    private func converse(
        _ evil: LoopbackTransport, _ mutator: MessageMutator, _ end: Int, _ report: inout Report,
        using generator: inout SeededGenerator
    ) async throws {
        let task = UUID()
        report.tasks += 1
        // The tiles of the recording are 'a's.
        func about(_ message: Message) -> Message {
            let text = String(decoding: message.about(task, insteadOf: traffic.task).body, as: UTF8.self)
                .replacingOccurrences(of: "\"a\"", with: "\"node\"")
            return Message(kind: message.kind, encodedBody: Data(text.utf8), payload: message.payload)
        }
        let wrongs = Double.random(in: 0...0.6, using: &generator)
        for original in traffic.toNode where report.frames < end {
            var messages = [about(original)]
            if Double.random(in: 0...1, using: &generator) < wrongs {
                messages = [mutator.mutated(messages[0], using: &generator)]
            }
            switch Int.random(in: 0..<12, using: &generator) {
            case 0: messages = []
            case 1: messages += messages
            case 2:
                let stray = traffic.toNode.randomElement(using: &generator).map(about) ?? messages[0]
                messages.append(mutator.mutated(stray, using: &generator))
            default: break
            }
            for message in messages {
                report.frames += 1
                guard let message = parsed(mutator.frame(message, using: &generator)) else {
                    report.refused += 1
                    continue
                }
                try await evil.send(message, to: "node")
            }
        }
        let finished = try Message(kind: "finished", body: ["task": task])
        report.frames += 1
        try await evil.send(finished, to: "node")
    }
}
