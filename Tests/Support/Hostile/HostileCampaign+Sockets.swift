import Foundation
import Tessera

extension HostileCampaign {
    /// Attacks a node at its port: streams of which some bytes are wrong, before and after the other end has said who it is.
    ///
    /// - Parameter certificates: the node's; nil for one without.
    public func attackPort(
        connections count: Int, seed: UInt64, certificates: String? = nil,
        progress: @Sendable (Report) -> Void = { _ in }
    ) async throws -> Report {
        var settings = TCPSettings()
        (settings.handshakeTimeout, settings.strangers) = (1, 64)
        let transport = try await TCPTransport.start(
            TransportOptions(
                information: equipment.information(named: "node"), listen: "127.0.0.1:0", certificates: certificates),
            settings: settings)
        let node = await equipment.node(on: transport)
        guard let address = transport.listenAddress else { throw Failure(description: "the node does not listen") }
        var generator = SeededGenerator(seed: seed)
        let mutator = MessageMutator(traffic.toNode)
        let greeting = try certificates == nil ? [] : RawSocket.greeting(certificates: certificates)
        var report = Report()
        for index in 0..<count {
            let socket = try RawSocket(connectedTo: address)
            socket.write(try stream(greeting, mutator, &report, using: &generator))
            // Some leave at once, some wait for an answer, some leave the connection to the node.
            if index % 3 != 0 { socket.readToEnd(within: 0.05) }
            report.tasks += 1
            if index % 1000 == 999 { progress(report) }
        }
        try await requireIdle(node)
        if certificates == nil {
            let leader = try await TCPTransport.start(
                TransportOptions(information: equipment.information(named: "honest"), peers: [address]))
            let own = await equipment.node(on: leader)
            try await leadHonestly(own, on: ["node", "honest"])
            report.honestTasks += 1
            await own.close()
        }
        await node.close()
        return report
    }

    private func stream(
        _ greeting: [UInt8], _ mutator: MessageMutator, _ report: inout Report, using generator: inout SeededGenerator
    ) throws -> [UInt8] {
        if !greeting.isEmpty {
            report.frames += 1
            var bytes = greeting
            for _ in 0..<Int.random(in: 0...6, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            return bytes + bytes.prefix(Int.random(in: 0...bytes.count, using: &generator))
        }
        let information = equipment.information(
            named: PeerID("evil-\(UInt32.random(in: 0 ... .max, using: &generator))"))
        var hello = Message(kind: "", encodedBody: try Message(kind: "", body: information).body)
        if Int.random(in: 0..<6, using: &generator) == 0 { hello = mutator.mutated(hello, using: &generator) }
        var bytes = try WireFormat.preamble() + Frame(.hello, hello).head() + Frame(.ready).head()
        let task = UUID()
        for message in traffic.toNode.prefix(Int.random(in: 0...traffic.toNode.count, using: &generator)) {
            report.frames += 1
            let message = message.about(task, insteadOf: traffic.task)
            bytes += mutator.frame(
                Bool.random(using: &generator) ? message : mutator.mutated(message, using: &generator),
                using: &generator)
        }
        if Int.random(in: 0..<10, using: &generator) == 0 {
            bytes[Int.random(in: bytes.indices, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        }
        return bytes
    }
}
