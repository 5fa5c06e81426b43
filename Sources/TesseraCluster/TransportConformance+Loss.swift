import Synchronization
import TesseraCore

/// Checks of peers that leave, with leave or without.
extension TransportConformance {
    func unknownPeer(_ network: Network) async throws {
        try await expectNodeFailure(naming: "nobody") {
            try await network.peers[0].send(Message(kind: "x"), to: "nobody")
        }
        try await expectNodeFailure(naming: "p0") {
            try await network.peers[0].send(Message(kind: "x"), to: "p0")
        }
    }

    func loss(_ network: Network) async throws {
        let logs = network.peers.map(EventLog.init)
        for index in 0..<10 { try await network.peers[3].broadcast(Message(kind: "\(index)")) }
        for log in logs.dropLast() {
            try await log.wait(for: "the arrival of messages before the loss") { $0.messages.count == 10 }
        }
        try await network.lose(3)
        for log in logs.dropLast() {
            try await log.wait(for: "the loss") { !$0.departures.isEmpty }
            try expect(log.departures.map(\.peer) == ["p3"], "expected 'p3' to be lost, found \(log.departures)")
            try expect(
                log.departures[0].reason?.code == .nodeFailure, "expected a loss to have a node failure as its reason")
        }
        for peer in network.peers.prefix(3) {
            try await expectNodeFailure(naming: "p3") { try await peer.send(Message(kind: "x"), to: "p3") }
            try await peer.broadcast(Message(kind: "after"))
        }
        for (peer, log) in zip(network.peers, logs).prefix(3) {
            try await log.wait(for: "the arrival of messages after the loss") { $0.messages.count == 12 }
            try expect(!peer.peers.contains { $0.peer == "p3" }, "expected the lost peer not to be listed")
            try expect(log.departures.count == 1, "expected the loss to be seen once, found \(log.departures)")
        }
        try await logs[3].wait(for: "the end of the lost peer's own events") { $0.hasEnded }
    }

    func lossWhileSending(_ network: Network) async throws {
        let sent = Mutex(0)
        let sender = Task {
            let block = Blob([UInt8](repeating: 1, count: 4 << 20))
            while sent.withLock({ $0 }) < 512 {
                try await network.peers[0].send(Message(kind: "block", payload: [block]), to: "p1")
                sent.withLock { $0 += 1 }
            }
        }
        try await stall { sent.withLock { $0 } }
        try await network.lose(1)
        try await expectNodeFailure(naming: "p1") { try await sender.value }
    }

    func leave(_ network: Network) async throws {
        let logs = network.peers.map(EventLog.init)
        try await network.peers[0].send(Message(kind: "last"), to: "p1")
        await network.peers[0].close()
        await network.peers[0].close()
        for log in logs.dropFirst() {
            try await log.wait(for: "the leave of 'p0'") { !$0.departures.isEmpty }
            let (peer, reason) = log.departures[0]
            try expect(
                peer == "p0" && reason == nil, "expected 'p0' to leave without a reason, found \(log.departures)")
        }
        try expect(logs[1].messages.map(\.message.kind) == ["last"], "expected the last message before the leave")
        try await logs[0].wait(for: "the end of the events of a closed transport") { $0.hasEnded }
        try expect(
            logs[0].departures.map(\.peer).sorted() == ["p1", "p2"],
            "expected a closed transport to see each peer leave once, found \(logs[0].departures)")
        try expect(network.peers[0].peers.isEmpty, "expected a closed transport to have no peers")
        try await expectNodeFailure(naming: "p1") {
            try await network.peers[0].send(Message(kind: "x"), to: "p1")
        }
        try await network.peers[1].send(Message(kind: "still here"), to: "p2")
        try await logs[2].wait(for: "a message between those who stay") { $0.messages.count == 1 }
    }

    func closeDeliversWhatWasSent(_ network: Network) async throws {
        let log = EventLog(network.peers[1])
        let block = Blob([UInt8](repeating: 3, count: 1 << 20))
        for index in 0..<20 { try await network.peers[0].send(Message(kind: "\(index)", payload: [block]), to: "p1") }
        await network.peers[0].close()
        try await log.wait(for: "the leave of 'p0'") { !$0.departures.isEmpty }
        try expect(
            log.messages.map(\.message.kind) == (0..<20).map(String.init),
            "expected everything that was sent before the leave")
        guard case .left = log.events.last else {
            throw Failure(description: "expected the leave after the last message")
        }
    }

    func closeUnread(_ network: Network) async throws {
        try await network.peers[0].send(Message(kind: "unread"), to: "p1")
        await network.peers[1].close()
        var count = 0
        for await _ in network.peers[1].events { count += 1 }
        try expect(count >= 2, "expected an appearance and a leave in the events of a closed transport, found \(count)")
    }
}
