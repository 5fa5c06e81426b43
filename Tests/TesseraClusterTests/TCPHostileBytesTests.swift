import Foundation
import Testing
import TesseraCluster
import TesseraCore
import TransportTCP

/// What arrives at an open port must not harm the peers that are connected.
@Suite(.serialized) struct TCPHostileBytesTests {
    private static let settings = {
        var settings = TCPSettings()
        settings.heartbeat = 0.1
        settings.silence = 1.5
        settings.handshakeTimeout = 1.5
        settings.closeTimeout = 1
        return settings
    }()

    /// A transport that listens, and one that must stay connected to it throughout.
    private func withPair(_ body: (TCPTransport, EventIterator) async throws -> Void) async throws {
        let server = try await TCPTransport.start(
            TransportOptions(information: PeerInformation(peer: "server"), listen: "127.0.0.1:0"),
            settings: Self.settings)
        let witness = try await TCPTransport.start(
            TransportOptions(
                information: PeerInformation(peer: "witness"), peers: [try #require(server.listenAddress)]),
            settings: Self.settings)
        let events = EventIterator(server.events)
        #expect(await events.next() == "appeared witness")
        try await body(server, events)
        try await witness.send(Message(kind: "alive"), to: "server")
        #expect(await events.next() == "alive from witness")
        #expect(server.peers == [witness.information])
        await witness.close()
        await server.close()
    }

    /// Events in a form that is easy to compare.
    private actor EventIterator {
        private let events: AsyncStream<TransportEvent>

        init(_ events: AsyncStream<TransportEvent>) { self.events = events }

        func next() async -> String {
            for await event in events {
                switch event {
                case .appeared(let peer, _): return "appeared \(peer)"
                case .left(let peer, let reason): return "left \(peer): \(reason.map { "\($0.code)" } ?? "goodbye")"
                case .received(let message, let peer): return "\(message.kind) from \(peer)"
                }
            }
            return "end"
        }
    }

    @Test(
        arguments: [
            Array("GET / HTTP/1.1\r\n\r\n".utf8), [0], [UInt8](repeating: 0xFF, count: 100_000),
            Array("TESSERA\r".utf8),
            RawPeer.preamble() + [UInt8](repeating: 0xFF, count: 64),
            RawPeer.preamble() + RawPeer.frame(3, kind: "too early"),
            RawPeer.preamble() + RawPeer.frame(1, body: "{not json"),
            RawPeer.preamble() + RawPeer.frame(1, body: "{}"),
            RawPeer.preamble() + RawPeer.hello(""),
            RawPeer.preamble() + RawPeer.hello(String(repeating: "x", count: 1000)),
            RawPeer.preamble() + RawPeer.u32(1) + RawPeer.u32(0) + RawPeer.u32(1 << 20) + RawPeer.u32(0),
            RawPeer.preamble() + RawPeer.hello("a") + RawPeer.frame(5),
            RawPeer.preamble() + RawPeer.hello("a") + RawPeer.hello("a"),
        ] as [[UInt8]])
    func strangersAreTurnedAway(_ bytes: [UInt8]) async throws {
        try await withPair { server, _ in
            let stranger = try RawPeer.connect(to: server.listenAddress)
            stranger.write(bytes)
            _ = stranger.readToEnd()
            #expect(server.peers.map(\.peer) == ["witness"])
        }
    }

    @Test func disconnectsAreHarmless() async throws {
        try await withPair { server, _ in
            for index in 0..<50 {
                let stranger = try RawPeer.connect(to: server.listenAddress)
                if index % 3 == 1 { stranger.write(RawPeer.preamble()) }
                if index % 3 == 2 { stranger.write(RawPeer.preamble() + RawPeer.hello("x")) }
                index % 2 == 0 ? stranger.reset() : stranger.end()
            }
        }
    }

    @Test func whoeverSaysNothingIsTurnedAway() async throws {
        try await withPair { server, _ in
            let start = ContinuousClock.now
            let stranger = try RawPeer.connect(to: server.listenAddress)
            #expect(stranger.readToEnd() == RawPeer.preamble())
            #expect(ContinuousClock.now - start < .seconds(10))
        }
    }

    @Test(
        arguments: [
            RawPeer.u32(3) + RawPeer.u32(0) + RawPeer.u32(0) + RawPeer.u32(1) + RawPeer.u64(1 << 40),
            RawPeer.u32(3) + RawPeer.u32(0) + RawPeer.u32(0) + RawPeer.u32(2) + RawPeer.u64(.max) + RawPeer.u64(2),
            RawPeer.u32(3) + RawPeer.u32(0) + RawPeer.u32(0xFFFF_FFFF) + RawPeer.u32(0),
            RawPeer.u32(3) + RawPeer.u32(0xFFFF_FFFF) + RawPeer.u32(0xFFFF_FFFF) + RawPeer.u32(0),
            RawPeer.u32(3) + RawPeer.u32(0) + RawPeer.u32(0) + RawPeer.u32(0xFFFF_FFFF),
            RawPeer.u32(0) + RawPeer.u32(0) + RawPeer.u32(0) + RawPeer.u32(0),
            RawPeer.u32(99) + RawPeer.u32(0) + RawPeer.u32(0) + RawPeer.u32(0),
            RawPeer.u32(3) + RawPeer.u32(2) + RawPeer.u32(0) + RawPeer.u32(0) + [0xC3, 0x28],
            RawPeer.frame(1), RawPeer.frame(2),
        ] as [[UInt8]])
    func aPeerThatBreaksTheProtocolIsToldAndLost(_ bytes: [UInt8]) async throws {
        try await withPair { server, events in
            let peer = try RawPeer.connect(to: server.listenAddress)
            #expect(peer.introduce(as: "raw"))
            #expect(await events.next() == "appeared raw")
            peer.write(RawPeer.frame(3, kind: "good", blobs: [[1, 2, 3]]) + bytes)
            #expect(await events.next() == "good from raw")
            #expect(await events.next() == "left raw: protocolViolation")
            let refusal = peer.readFrameAfterHeartbeats()
            #expect(refusal.type == 6)
            #expect(!refusal.body.isEmpty)
            #expect(peer.readToEnd().isEmpty)
        }
    }

    @Test(arguments: [true, false])
    func aPeerThatDiesAmidAMessageIsLost(byReset: Bool) async throws {
        try await withPair { server, events in
            let peer = try RawPeer.connect(to: server.listenAddress)
            #expect(peer.introduce(as: "raw"))
            #expect(await events.next() == "appeared raw")
            peer.write(Array(RawPeer.frame(3, kind: "cut", blobs: [[UInt8](repeating: 1, count: 1000)]).dropLast(10)))
            byReset ? peer.reset() : peer.end()
            #expect(await events.next() == "left raw: nodeFailure")
        }
    }

    @Test func aPeerThatFallsSilentIsLost() async throws {
        try await withPair { server, events in
            let peer = try RawPeer.connect(to: server.listenAddress)
            #expect(peer.introduce(as: "raw"))
            #expect(await events.next() == "appeared raw")
            let start = ContinuousClock.now
            for _ in 0..<5 {
                try await Task.sleep(for: .milliseconds(500))
                peer.write(RawPeer.frame(4))
            }
            #expect(server.peers.count == 2)
            #expect(peer.readFrame().type == 4)
            #expect(await events.next() == "left raw: nodeFailure")
            #expect((.seconds(3.9)...(.seconds(15))).contains(ContinuousClock.now - start))
        }
    }

    @Test func aSenderIsReleasedFromAPeerThatStopsReading() async throws {
        try await withPair { server, events in
            let peer = try RawPeer.connect(to: server.listenAddress)
            #expect(peer.introduce(as: "raw"))
            #expect(await events.next() == "appeared raw")
            let error = await #expect(throws: TesseraError.self) {
                for _ in 0..<1000 {
                    try await server.send(
                        Message(kind: "x", payload: [Blob([UInt8](repeating: 0, count: 1 << 20))]), to: "raw")
                }
            }
            #expect(error?.code == .nodeFailure)
            #expect(error?.message.contains("no sign of life from 'raw'") == true)
            #expect(await events.next() == "left raw: nodeFailure")
        }
    }

    /// A consumer that is slow for longer than the silence allowed does not make its peer look dead, nor itself.
    @Test func aSlowConsumerLosesNobody() async throws {
        var settings = Self.settings
        settings.receiveQueue = 1 << 20
        let a = try await TCPTransport.start(
            TransportOptions(information: PeerInformation(peer: "a"), listen: "127.0.0.1:0"), settings: settings)
        let b = try await TCPTransport.start(
            TransportOptions(information: PeerInformation(peer: "b"), peers: [try #require(a.listenAddress)]),
            settings: settings)
        let count = 40
        let sender = Task {
            let block = Blob([UInt8](repeating: 1, count: 1 << 20))
            for index in 0..<count { try await b.send(Message(kind: "\(index)", payload: [block]), to: "a") }
        }
        try await Task.sleep(for: .seconds(2 * settings.silence))
        #expect(a.peers.count == 1 && b.peers.count == 1)
        var kinds: [String] = []
        for await event in a.events {
            if case .received(let message, _) = event { kinds.append(message.kind) }
            if case .left = event { break }
            if kinds.count == count { break }
        }
        #expect(kinds == (0..<count).map(String.init))
        try await sender.value
        await a.close()
        await b.close()
    }

    @Test func anotherWireVersionIsRefusedByTheOneThatListens() async throws {
        try await withPair { server, _ in
            let peer = try RawPeer.connect(to: server.listenAddress)
            peer.write(RawPeer.preamble(version: 9) + RawPeer.hello("future"))
            #expect(peer.readToEnd() == RawPeer.preamble())
        }
    }

    @Test("a peer of another build is refused by the one that listens, which names both builds")
    func anotherBuildIsRefused() async throws {
        try await withPair { server, _ in
            let peer = try RawPeer.connect(to: server.listenAddress)
            peer.write(RawPeer.preamble() + RawPeer.hello("older", build: "0.0.9"))
            #expect(peer.read(12) == RawPeer.preamble())
            let (type, reason) = peer.readFrame()
            #expect(type == 6)
            let expected = "expected build \(Build.version) as '\(server.localPeer)' has, found 0.0.9 from 'older'"
            #expect(reason.contains(expected), "\(reason)")
            #expect(!server.peers.contains { $0.peer == "older" })
        }
    }

    static let answers: [(bytes: [UInt8], reason: String)] = [
        (
            RawPeer.preamble() + RawPeer.hello("older", build: "0.0.9"),
            "expected build \(Build.version) as 'dialer' has, found 0.0.9 from 'older'"
        ),
        (RawPeer.preamble() + RawPeer.hello("odd", build: "1\\u0007"), "the build of peer 'odd' in at most 64"),
        (RawPeer.preamble(version: 9) + RawPeer.hello("future"), "wire version 2 as 'dialer' has, found version 9"),
        (Array("SSH-2.0-OpenSSH\r\n".utf8), "the other end is no Tessera peer"),
        (RawPeer.preamble() + RawPeer.frame(6, kind: "invalid-argument", body: "not today\u{1B}[2J"), "not today[2J"),
        ([], "before it had introduced itself"),
    ]

    @Test(arguments: answers.indices)
    func aDialerSaysWhyItCouldNotMeet(_ index: Int) async throws {
        let (answer, text) = Self.answers[index]
        let (address, accept) = try RawPeer.listen()
        let options = TransportOptions(information: PeerInformation(peer: "dialer"), peers: [address])
        let dialer = Task { try await TCPTransport.start(options, settings: Self.settings) }
        let peer = accept()
        peer.write(answer)
        if answer.isEmpty { peer.end() }
        let error = await #expect(throws: TesseraError.self) { _ = try await dialer.value }
        #expect(error?.message.contains(address) == true)
        #expect(error?.message.contains(text) == true, "\(String(describing: error))")
    }

    @Test func aDialerDoesNotWaitForeverForAnAnswer() async throws {
        let (address, accept) = try RawPeer.listen()
        let options = TransportOptions(information: PeerInformation(peer: "dialer"), peers: [address])
        let dialer = Task { try await TCPTransport.start(options, settings: Self.settings) }
        let peer = accept()
        let error = await #expect(throws: TesseraError.self) { _ = try await dialer.value }
        #expect(error?.message.contains("did not introduce itself within 1.5 s") == true)
        peer.end()
    }
}
