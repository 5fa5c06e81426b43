import TesseraCluster
import TesseraCore

/// The checks of `TransportConformance`, in words, on peers within this process.
struct TransportChecks: Sendable {
    private let makeFactory: @Sendable () throws -> any TransportFactory

    /// - Parameter makeFactory: makes the transport's factory, anew for each network.
    init(_ makeFactory: @escaping @Sendable () throws -> any TransportFactory) { self.makeFactory = makeFactory }

    var checks: [ConformanceCheck] {
        TransportConformance.Check.allCases.map { check in
            ConformanceCheck(Self.promise(check)) {
                try await TransportConformance { count in try await network(count) }.run(check)
            }
        } + [
            ConformanceCheck(
                "a message of the largest size arrives, and one that is larger is refused and does no harm"
            ) {
                try await checkLimit()
            }
        ]
    }

    private static func promise(_ check: TransportConformance.Check) -> String {
        switch check {
        case .introductions: "all peers see each other, with what they tell of themselves"
        case .order: "messages of all sizes arrive whole and in order"
        case .largePayload: "64 MiB arrive in one message"
        case .emptyPayload: "messages without a body or payload arrive as they are"
        case .manySmallMessages: "10000 small messages arrive in order"
        case .broadcast: "a broadcast reaches all others, before what is sent after it"
        case .concurrentSenders: "messages of concurrent senders do not mix"
        case .backPressure: "a sender is held back while nobody reads"
        case .cancelledSend: "a send that waits can be cancelled, and does not arrive then"
        case .unknownPeer: "sending to nobody is an error that names the peer"
        case .loss: "a lost peer is reported once, and the others go on"
        case .lossWhileSending: "a send that waits ends with an error when its peer is lost"
        case .leave: "a peer that takes leave is reported as such, and the others go on"
        case .closeDeliversWhatWasSent: "what was sent before the leave arrives before it"
        case .closeUnread: "a transport that is closed with unread messages gives them, and ends"
        }
    }

    private func network(_ count: Int) async throws -> TransportConformance.Network {
        let peers = try await connectedPeers(count)
        return TransportConformance.Network(peers: peers) { index in
            guard let peer = peers[index] as? any CheckableTransport else {
                throw TesseraError(.notSupported, "a peer of this transport cannot be taken away for a check")
            }
            await peer.abort()
        }
    }

    /// Peers that are connected each to each.
    private func connectedPeers(_ count: Int) async throws -> [any Transport] {
        let factory = try makeFactory()
        var peers: [any Transport] = []
        do {
            for index in 0..<count {
                let addresses = peers.compactMap { ($0 as? any ListeningTransport)?.listenAddress }
                peers.append(
                    try await factory.start(
                        TransportOptions(
                            information: PeerInformation(peer: PeerID("p\(index)")), listen: "127.0.0.1:0",
                            peers: addresses)))
            }
            try await Self.waitUntilConnected(peers)
        } catch {
            for peer in peers { await peer.close() }
            throw error
        }
        return peers
    }

    /// A dialer is connected as soon as it has the other's answer, the other a moment later.
    private static func waitUntilConnected(_ peers: [any Transport], seconds: Double = 15) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while let lonely = peers.first(where: { $0.peers.count < peers.count - 1 }) {
            guard ContinuousClock.now < deadline else {
                throw BrokenPromise(
                    description:
                        "expected '\(lonely.localPeer)' to be connected to \(peers.count - 1) peers within \(seconds) s, found \(lonely.peers.count)"
                )
            }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    private func checkLimit() async throws {
        let peers = try await connectedPeers(2)
        do {
            try await checkLimit(from: peers[0], to: peers[1])
        } catch {
            for peer in peers { await peer.close() }
            throw error
        }
        for peer in peers { await peer.close() }
    }

    /// Sends as much as fits, so that the limit is not only the host's: at most 256 MiB, which takes long enough.
    private func checkLargest(_ limit: Int, from sender: any Transport, to receiver: any Transport) async throws {
        let bound = min(limit, 256 << 20)
        let kind = "largest"
        // A frame has a head, the length of its blob and its kind.
        let size = bound - WireFormat.prefixLength - 8 - kind.utf8.count
        try await sender.send(
            Message(kind: kind, payload: [try UntouchedMemory.blob(byteCount: size)]), to: receiver.localPeer)
        for await event in receiver.events {
            switch event {
            case .received(let message, _):
                guard message.kind == kind, message.payload.map(\.count) == [size] else {
                    throw BrokenPromise(description: "expected a message of \(bound) bytes, found '\(message.kind)'")
                }
                return
            case .left(_, let reason):
                let why = reason.map { ": \($0)" } ?? ""
                throw BrokenPromise(
                    description: "expected a message of \(bound) bytes to arrive, but the link is down\(why)")
            case .appeared: continue
            }
        }
        throw BrokenPromise(description: "expected a message of \(bound) bytes, found the end")
    }

    private func checkLimit(from sender: any Transport, to receiver: any Transport) async throws {
        guard let limit = (sender as? any CheckableTransport)?.largestMessage else { return }
        try await checkLargest(limit, from: sender, to: receiver)
        let large = Message(kind: "large", payload: [try UntouchedMemory.blob(byteCount: limit)])
        do {
            try await sender.send(large, to: receiver.localPeer)
            throw BrokenPromise(description: "expected a message of more than \(limit) bytes to be refused")
        } catch let error as TesseraError where error.code == .limitExceeded {}
        try await sender.send(Message(kind: "small"), to: receiver.localPeer)
        for await event in receiver.events {
            guard case .received(let message, _) = event else { continue }
            guard message.kind == "small" else {
                throw BrokenPromise(description: "expected the message after it, found '\(message.kind)'")
            }
            return
        }
        throw BrokenPromise(description: "expected the message after it, found the end")
    }
}
