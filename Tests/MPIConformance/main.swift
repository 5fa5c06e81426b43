#if MPI
    import Foundation
    import TesseraCluster
    import TesseraCore
    import TransportMPI

    // What `TransportConformance` checks of transports within one process, for the processes of an MPI job: all run this, each checks
    // what it receives, and one that finds something wrong ends the job. scripts/test_mpi.sh starts it.

    func expect(_ condition: Bool, _ what: String) {
        guard !condition else { return }
        FileHandle.standardError.write(Data("mpi conformance: expected \(what)\n".utf8))
        exit(1)
    }

    func message(_ kind: String, _ byteCount: Int, _ seed: Int) -> Message {
        Message(
            kind: kind, encodedBody: Data("\(seed)".utf8),
            payload: [Blob((0..<byteCount).map { UInt8(truncatingIfNeeded: $0 / 251 &+ $0 &* 7 &+ seed) }), Blob([])])
    }

    let transport = try await MPITransport.start(TransportOptions(information: PeerInformation(peer: "any")))
    let rank = transport.rank
    let others = transport.peers.map(\.peer)
    let size = others.count + 1
    let sizes = (0..<300).map { $0 % 100 == 0 ? 300_000 : $0 % 7 == 0 ? 70_000 : $0 % 50 } + [64 << 20, 0]

    /// What each process sends to each, in this order.
    let direct = sizes.indices.map { message("direct", sizes[$0], $0) }
    /// What each sends to all: too small for a collective, and large enough.
    let broadcasts = [10, 1_000_000, 3, 5_000_000, 100].enumerated().map { message("broadcast", $1, $0) }

    expect(transport.localPeer == MPITransport.name(of: rank), "a process to be called by its rank")
    expect(
        others == (0..<size).filter { $0 != rank }.map(MPITransport.name(of:)), "all other processes, found \(others)")

    for peer in ["nobody", transport.localPeer] as [PeerID] {
        do {
            try await transport.send(Message(kind: "x"), to: peer)
            expect(false, "a message to '\(peer)' to be refused")
        } catch let error as TesseraError {
            expect(error.code == .nodeFailure, "a node failure, found \(error)")
        }
    }

    // All send to all at once, and read only once their own queues are full or everything is on its way.
    let sender = Task {
        for broadcast in broadcasts {
            try await transport.broadcast(broadcast)
            for peer in others { try await transport.send(Message(kind: "after"), to: peer) }
        }
        for peer in others { for message in direct { try await transport.send(message, to: peer) } }
        for index in 0..<2000 { try await transport.send(Message(kind: "\(index)"), to: others[0]) }
        // Leaves with everything that was sent before.
        for peer in others { try await transport.send(Message(kind: "last"), to: peer) }
    }
    let expected = broadcasts.flatMap { [$0, Message(kind: "after")] } + direct
    var received: [PeerID: [Message]] = [:]
    var small: [PeerID: Int] = [:]
    var appeared: [PeerID] = []
    var finished: Set<PeerID> = []
    /// Those that were done before this process was.
    var left: [PeerID] = []
    for await event in transport.events {
        switch event {
        case .appeared(let peer, _): appeared.append(peer)
        case .received(let message, let peer) where message.kind == "last": finished.insert(peer)
        case .received(let message, let peer):
            expect(!finished.contains(peer), "nothing of '\(peer)' after its last message")
            if let number = Int(message.kind) {
                expect(number == small[peer, default: 0], "small messages in order, found \(number)")
                small[peer, default: 0] += 1
            } else {
                received[peer, default: []].append(message)
            }
        case .left(let peer, let reason):
            expect(reason == nil, "'\(peer)' to leave without a reason, found \(String(describing: reason))")
            expect(finished.contains(peer), "the last message of '\(peer)' before its leave")
            left.append(peer)
        }
        if finished.count == others.count { break }
    }
    try await sender.value
    expect(appeared == others, "each process to appear once, found \(appeared)")
    for peer in others {
        let messages = received[peer] ?? []
        expect(messages.count == expected.count, "\(expected.count) messages of '\(peer)', found \(messages.count)")
        for (index, (found, wanted)) in zip(messages, expected).enumerated() {
            expect(found == wanted, "message \(index) of '\(peer)' as it was sent, found '\(found.kind)'")
        }
        expect([0, 2000].contains(small[peer] ?? 0), "2000 small messages or none, found \(small[peer] ?? 0)")
    }

    // One that nobody reads of is held back.
    if rank == 0 {
        let block = Blob([UInt8](repeating: 1, count: 1 << 20))
        let flood = Task {
            var count = 0
            while !Task.isCancelled, count < 1024 {
                do { try await transport.send(Message(kind: "flood", payload: [block]), to: others[0]) } catch { break }
                count += 1
            }
            return count
        }
        try await Task.sleep(for: .seconds(2))
        flood.cancel()
        let count = await flood.value
        expect((16..<512).contains(count), "a sender to be held back, found \(count) MiB that nobody reads")
        try await transport.send(Message(kind: "end of the flood"), to: others[0])
    } else if rank == 1 {
        try await Task.sleep(for: .seconds(3))
        for await event in transport.events {
            if case .left(let peer, nil) = event { left.append(peer) }
            if case .received(let message, _) = event, message.kind == "end of the flood" { break }
        }
    }
    async let leaves = {
        var left: [PeerID] = []
        for await case .left(let peer, let reason) in transport.events {
            expect(reason == nil, "'\(peer)' to leave without a reason, found \(String(describing: reason))")
            left.append(peer)
        }
        return left
    }()
    await transport.close()
    left += await leaves
    expect(left.sorted() == others.sorted(), "each process to leave once, found \(left)")
    if rank == 0 { print("mpi conformance: \(size) processes agree") }
#endif
