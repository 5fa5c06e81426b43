import Foundation
import Testing
import TesseraCluster
import TesseraCore
import TesseraSecurity
import TesseraTestSupport

@testable import TransportTCP

/// What a TCP transport takes from others at most.
@Suite struct TCPLimitTests {
    private func server(
        certificates: String? = nil, _ change: (inout TCPSettings) -> Void
    ) async throws -> TCPTransport {
        var settings = TCPSettings.patient
        change(&settings)
        return try await TCPTransport.start(
            TransportOptions(
                information: PeerInformation(peer: "server"), listen: "127.0.0.1:0", certificates: certificates),
            settings: settings)
    }

    private func value(_ name: String, of transport: TCPTransport) -> Double {
        transport.metrics.first { $0.name == name }?.value ?? -1
    }

    @Test("whoever finds no room is told which limit that is, and gets in when there is some")
    func strangers() async throws {
        let server = try await server { ($0.strangers, $0.handshakeTimeout) = (2, 1) }
        let silent = try (0..<2).map { _ in try RawPeer.connect(to: server.listenAddress) }
        for peer in silent { #expect(peer.read(12) == RawPeer.preamble()) }
        let third = try RawPeer.connect(to: server.listenAddress)
        #expect(third.read(12) == RawPeer.preamble())
        let refusal = third.readFrame()
        #expect(refusal.type == 6)
        #expect(
            refusal.body.contains("at most 2 connections whose other end is not known (the limit 'strangers')"),
            "\(refusal)")
        #expect(third.readToEnd().isEmpty)
        #expect(value("tessera_tcp_connections_turned_away_total", of: server) == 1)
        // The silent ones have a second to say who they are.
        for peer in silent { #expect(peer.readToEnd().isEmpty) }
        while value("tessera_tcp_strangers", of: server) > 0 { try await Task.sleep(for: .milliseconds(2)) }
        #expect(try RawPeer.connect(to: server.listenAddress).introduce(as: "raw"))
        await server.close()
    }

    @Test("a dialer that finds no room says so")
    func connections() async throws {
        let server = try await server { $0.connections = 1 }
        let address = try #require(server.listenAddress)
        let first = try await TCPTransport.start(
            TransportOptions(information: PeerInformation(peer: "first"), peers: [address]), settings: .patient)
        let error = await #expect(throws: TesseraError.self) {
            try await TCPTransport.start(
                TransportOptions(information: PeerInformation(peer: "second"), peers: [address]), settings: .patient)
        }
        #expect(
            String(describing: error).contains("at most 1 connections (the limit 'connections')"),
            "\(String(describing: error))")
        await first.close()
        await server.close()
    }

    @Test(
        "a message that is too large is refused by the limit's name",
        arguments: [
            (
                RawPeer.u32(3) + RawPeer.u32(0) + RawPeer.u32(0) + RawPeer.u32(2) + RawPeer.u64(4000)
                    + RawPeer.u64(4000), "frame_limit"
            ),
            (RawPeer.u32(3) + RawPeer.u32(0) + RawPeer.u32(0) + RawPeer.u32(1) + RawPeer.u64(5000), "tensor_limit"),
            (RawPeer.frame(3, kind: "x", blobs: [[1], [2], [3]]), "tensors_per_message"),
            // Each is small enough, but they are never complete.
            (Array(RawPeer.frame(3, kind: "x", body: String(repeating: " ", count: 1 << 20)).dropLast(4)), "memory"),
        ] as [([UInt8], String)])
    func messages(_ bytes: [UInt8], _ name: String) async throws {
        let server = try await server { settings in
            (settings.frameLimit, settings.tensorLimit, settings.tensorsPerMessage) = (
                name == "memory" ? 2 << 20 : 6000, 4096, 2
            )
            settings.memory = 1
        }
        let peer = try RawPeer.connect(to: server.listenAddress)
        #expect(peer.introduce(as: "raw"))
        peer.write(bytes + (name == "memory" ? [32, 32, 32] : []))
        let refusal = peer.readFrameAfterHeartbeats()
        #expect(refusal.type == 6)
        #expect(refusal.body.contains("(the limit '\(name)'), found"), "\(refusal)")
        #expect(peer.readToEnd().isEmpty)
        await server.close()
    }

    @Test("whoever says byte by byte who it is has no more time for it than others", arguments: [false, true])
    func dribble(withTLS: Bool) async throws {
        let folder = try TemporaryFolder()
        let member = try withTLS ? ClusterFolder(folder).member : nil
        let server = try await TCPTransport.start(
            TransportOptions(
                information: PeerInformation(peer: withTLS ? "node" : "server"), listen: "127.0.0.1:0",
                certificates: member),
            settings: {
                var settings = TCPSettings.patient
                settings.handshakeTimeout = 1
                return settings
            }())
        let start = ContinuousClock.now
        let peers = try (0..<8).map { _ in try RawSocket(connectedTo: server.listenAddress ?? "") }
        // A greeting of TLS says first how long it is.
        let greeting =
            withTLS
            ? [0x16, 3, 1, 1, 0, 1, 0, 0, 0xFC] + [UInt8](repeating: 3, count: 240)
            : RawPeer.preamble() + RawPeer.hello("slow")
        var ended = 0
        for byte in greeting where ended < peers.count {
            for peer in peers { peer.write([byte]) }
            try await Task.sleep(for: .milliseconds(50))
            ended = value("tessera_tcp_connections", of: server) == 0 ? peers.count : 0
        }
        #expect(ended == peers.count)
        #expect((.seconds(0.9)...(.seconds(6))).contains(ContinuousClock.now - start))
        #expect(value("tessera_tcp_connections_refused_total", of: server) == 8)
        await server.close()
    }

    @Test("what a peer does not read waits with its senders, not in memory")
    func backPressure() async throws {
        let server = try await server { $0.sendQueue = 2 << 20 }
        let peer = try RawPeer.connect(to: server.listenAddress)
        #expect(peer.introduce(as: "raw"))
        while server.peers.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
        let block = Blob([UInt8](repeating: 7, count: 1 << 20))
        let sender = Task {
            for _ in 0..<500 { try await server.send(Message(kind: "x", payload: [block]), to: "raw") }
        }
        // It lives, but reads nothing.
        var queued = 0.0
        for _ in 0..<20 {
            peer.write(RawPeer.frame(4))
            try await Task.sleep(for: .milliseconds(50))
            queued = max(queued, value("tessera_tcp_queued_bytes", of: server))
        }
        // One message more than the bound.
        #expect((Double(1 << 20)...Double(4 << 20)).contains(queued), "\(queued)")
        #expect(server.peers.map(\.peer) == ["raw"])
        sender.cancel()
        await #expect(throws: CancellationError.self) { try await sender.value }
        peer.reset()
        await server.close()
    }
}
