import Synchronization
import TesseraCore
import TesseraOperators
import TesseraPartition
import TesseraRuntime
import Testing

@testable import TesseraCluster

@Suite struct LinkMeasurementTests {
    @Test("what small and large round trips take gives latency and bandwidth")
    func formula() {
        // 1 ms there and 1 ms back, and 10 ms for a million bytes.
        let link = Link(smallRoundTrip: 2e-3, roundTrip: 12e-3, of: 1_000_000)
        #expect(abs(link.bandwidth - 1e8) < 1 && abs(link.latency - 1e-3) < 1e-12)
        let detour = link.followed(by: Link(bandwidth: 25e6, latency: 3e-3))
        // 10 ms and then 40 ms for a million bytes.
        #expect(abs(detour.bandwidth - 2e7) < 1 && abs(detour.latency - 4e-3) < 1e-12)
        #expect(Link(smallRoundTrip: 1e-3, roundTrip: 0, of: 1).bandwidth.isFinite)
    }

    @Test("a link of 400 Mbit/s and 2 ms is found to be one, by the leader and by a node that is asked")
    func knownLink() async throws {
        let hub = LoopbackHub()
        let line = Line(bandwidth: 50e6, latency: 2e-3)
        var nodes: [Node] = []
        for name in ["a", "b", "c"] as [PeerID] {
            let transport = LineTransport(try hub.join(PeerInformation(peer: name)), over: line)
            let node = Node(transport: transport, operators: .builtin, backend: ReferenceBackend(), clock: line.clock)
            await node.start()
            nodes.append(node)
        }
        for link in [try await nodes[0].link(to: "b"), try await nodes[0].link(from: "b", to: "c", at: nil)] {
            #expect((2e-3...2.01e-3).contains(link.latency), "\(link)")
            #expect(abs(link.bandwidth / 50e6 - 1) < 0.01, "\(link)")
        }
        let error = await #expect(throws: TesseraError.self) { try await nodes[0].link(from: "b", to: "d", at: nil) }
        #expect(error?.code == .nodeFailure)
        #expect(
            error?.message.contains("node 'b' cannot measure its link to 'd'") == true, "\(String(describing: error))")
        for node in nodes { await node.close() }
    }

    @Test("a question to a peer that leaves fails")
    func lostPeer() async throws {
        let hub = LoopbackHub()
        let node = Node(
            transport: try hub.join(PeerInformation(peer: "a")), operators: .builtin, backend: ReferenceBackend())
        await node.start()
        // It takes messages and answers none.
        let mute = try hub.join(PeerInformation(peer: "mute"))
        let trip = Task { try await node.roundTrip(to: "mute") }
        for await case .received(let message, _) in mute.events where message.kind == "probe" { break }
        hub.drop("mute")
        let error = await #expect(throws: TesseraError.self) { try await trip.value }
        #expect(error?.message.contains("'mute' was lost") == true)
        await node.close()
    }
}

/// A line of a known bandwidth and latency, on which one message at a time moves, and the time that goes by only with that.
private final class Line: Sendable {
    private let bandwidth: Double
    private let latency: Double
    private let nanoseconds = Mutex<Int64>(0)

    init(bandwidth: Double, latency: Double) { (self.bandwidth, self.latency) = (bandwidth, latency) }

    var clock: NodeClock { NodeClock { self.nanoseconds.withLock { $0 } } }

    func move(_ byteCount: Int) {
        nanoseconds.withLock { $0 += Int64((latency + Double(byteCount) / bandwidth) * 1e9) }
    }
}

/// Loopback over a line.
private final class LineTransport: Transport {
    private let base: any Transport
    private let line: Line

    init(_ base: any Transport, over line: Line) { (self.base, self.line) = (base, line) }

    var information: PeerInformation { base.information }
    var events: AsyncStream<TransportEvent> { base.events }
    var peers: [PeerInformation] { base.peers }

    func send(_ message: Message, to peer: PeerID) async throws {
        line.move(message.byteCount)
        try await base.send(message, to: peer)
    }

    func broadcast(_ message: Message) async throws { try await sendToAll(peers.map(\.peer), message) }
    func close() async { await base.close() }
}
