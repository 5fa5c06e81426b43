import Synchronization
import TesseraCore

/// Checks of messages between peers that stay.
extension TransportConformance {
    func introductions(_ network: Network) async throws {
        let names = network.peers.map(\.localPeer)
        for peer in network.peers {
            let log = EventLog(peer)
            let others = network.peers.map(\.information).filter { $0.peer != peer.localPeer }
            try await log.wait(for: "the appearance of all others to '\(peer.localPeer)'") {
                $0.appearances.count >= others.count
            }
            let seen = log.appearances.sorted { $0.peer < $1.peer }
            try expect(seen == others, "expected '\(peer.localPeer)' of \(names) to see \(others), found \(seen)")
            try expect(
                peer.peers == others, "expected the peers of '\(peer.localPeer)' to be \(others), found \(peer.peers)")
        }
    }

    func order(_ network: Network) async throws {
        let log = EventLog(network.peers[1])
        let messages = try (0..<2000).map { index in
            // Sizes around those at which a transport may treat messages differently.
            let size = index % 100 == 0 ? 300_000 : index % 7 == 0 ? 70_000 : index % 50
            return try Message(
                kind: "numbered", body: index, payload: [Blob([UInt8](repeating: UInt8(index % 251), count: size))])
        }
        for message in messages { try await network.peers[0].send(message, to: "p1") }
        try await log.wait(for: "the arrival of all messages") { $0.messages.count >= messages.count }
        try expect(
            log.messages.map(\.message) == messages, "expected the messages in the order and shape they were sent")
        try expect(log.messages.allSatisfy { $0.peer == "p0" }, "expected all messages from 'p0'")
    }

    func largePayload(_ network: Network) async throws {
        let log = EventLog(network.peers[1])
        var tensor = try Tensor(zeros: [1, 16, 1024, 1024])
        tensor.withUnsafeMutableBytes { bytes in
            for offset in stride(from: 0, to: bytes.count, by: 1021) {
                bytes[offset] = UInt8(truncatingIfNeeded: offset / 1021)
            }
        }
        let message = try Message(
            kind: "tensor", body: tensor.shape.dimensions, payload: [Blob([1, 2, 3]), Blob(tensor), Blob([4])])
        try await network.peers[0].send(message, to: "p1")
        try await log.wait(for: "the arrival of 64 MiB") { !$0.messages.isEmpty }
        let received = log.messages[0].message
        try expect(received == message, "expected the message as it was sent")
        let shape = Shape(try received.decode([Int].self))
        try expect(try received.blob(1).tensor(shape: shape) == tensor, "expected the tensor as it was sent")
    }

    func emptyPayload(_ network: Network) async throws {
        let log = EventLog(network.peers[1])
        let messages = [
            Message(kind: ""), Message(kind: "no body"), try Message(kind: "no blobs", body: ["a": 1]),
            Message(kind: "empty blobs", payload: [Blob([]), Blob([UInt8]()), Blob([7]), Blob([])]),
            Message(kind: "größe ✓", encodedBody: .init([0, 255, 10])),
        ]
        for message in messages { try await network.peers[0].send(message, to: "p1") }
        try await log.wait(for: "the arrival of all messages") { $0.messages.count >= messages.count }
        try expect(log.messages.map(\.message) == messages, "expected \(messages), found \(log.messages)")
    }

    func manySmallMessages(_ network: Network) async throws {
        let log = EventLog(network.peers[1])
        let count = 10_000
        for index in 0..<count {
            try await network.peers[0].send(Message(kind: "\(index)"), to: "p1")
        }
        try await log.wait(for: "the arrival of \(count) messages") { $0.messages.count >= count }
        try expect(log.messages.map(\.message.kind) == (0..<count).map(String.init), "expected the messages in order")
    }

    func broadcast(_ network: Network) async throws {
        let logs = network.peers.map(EventLog.init)
        let message = try Message(kind: "weights", body: 1, payload: [Blob([UInt8](repeating: 9, count: 1_000_000))])
        let direct = Message(kind: "direct")
        try await network.peers[0].broadcast(message)
        for peer in network.peers.dropFirst() { try await network.peers[0].send(direct, to: peer.localPeer) }
        for log in logs.dropFirst() {
            try await log.wait(for: "the arrival of the broadcast") { $0.messages.count >= 2 }
            try expect(
                log.messages.map(\.message) == [message, direct],
                "expected the broadcast, then what was sent after it, found \(log.messages.map(\.message.kind))")
        }
        try expect(logs[0].messages.isEmpty, "expected the sender of a broadcast not to receive it")
    }

    func concurrentSenders(_ network: Network) async throws {
        let log = EventLog(network.peers[0])
        let (tasks, count) = (4, 100)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for peer in network.peers.dropFirst() {
                for task in 0..<tasks {
                    group.addTask {
                        for index in 0..<count {
                            let blob = Blob([UInt8](repeating: UInt8(task), count: index * 300))
                            try await peer.send(
                                Message(kind: "\(task)", encodedBody: .init([UInt8(index)]), payload: [blob]), to: "p0")
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let total = (network.peers.count - 1) * tasks * count
        try await log.wait(for: "the arrival of \(total) messages") { $0.messages.count >= total }
        for peer in network.peers.dropFirst() {
            for task in 0..<tasks {
                let received = log.messages.filter { $0.peer == peer.localPeer && $0.message.kind == "\(task)" }.map(
                    \.message)
                try expect(
                    received.map { $0.body.first.map(Int.init) } == Array(0..<count),
                    "expected the messages of each sender in order")
                let isWhole = received.enumerated().allSatisfy {
                    $1.payload == [Blob([UInt8](repeating: UInt8(task), count: $0 * 300))]
                }
                try expect(isWhole, "expected messages of concurrent senders not to mix")
            }
        }
    }

    func backPressure(_ network: Network) async throws {
        let sent = Mutex(0)
        let block = Blob([UInt8](repeating: 1, count: 1 << 20))
        let sender = Task {
            while !Task.isCancelled, sent.withLock({ $0 }) < 2048 {
                let number = sent.withLock { $0 }
                try await network.peers[0].send(Message(kind: "\(number)", payload: [block]), to: "p1")
                sent.withLock { $0 += 1 }
            }
        }
        try await stall { sent.withLock { $0 } }
        sender.cancel()
        _ = await sender.result
        let queued = sent.withLock { $0 }
        try expect(queued < 1024, "expected the sender to be held back, found \(queued) MiB queued that nobody reads")
        let log = EventLog(network.peers[1])
        try await log.wait(for: "the arrival of what was queued") { $0.messages.count >= queued }
        try expect(
            log.messages.map(\.message.kind) == (0..<queued).map(String.init), "expected what was queued, in order")
    }

    func cancelledSend(_ network: Network) async throws {
        let sent = Mutex(0)
        let sender = Task {
            let block = Blob([UInt8](repeating: 1, count: 4 << 20))
            while sent.withLock({ $0 }) < 512 {
                try await network.peers[0].send(Message(kind: "block", payload: [block]), to: "p1")
                sent.withLock { $0 += 1 }
            }
        }
        try await stall { sent.withLock { $0 } }
        sender.cancel()
        guard case .failure(let error) = await sender.result, error is CancellationError else {
            throw Failure(
                description: "expected a send that waits to throw a CancellationError when its task is cancelled")
        }
        let log = EventLog(network.peers[1])
        try await network.peers[0].send(Message(kind: "last"), to: "p1")
        try await log.wait(for: "the arrival of a message after a cancelled one") {
            $0.messages.last?.message.kind == "last"
        }
        try expect(log.messages.count == sent.withLock { $0 } + 1, "expected a cancelled message not to arrive")
    }

    /// Waits until a number has not changed for a second.
    func stall(_ number: () -> Int) async throws {
        var (before, repetitions) = (-1, 0)
        while repetitions < 4 {
            repetitions = number() == before ? repetitions + 1 : 0
            before = number()
            try await Task.sleep(for: .milliseconds(250))
        }
    }
}
