import Logging
import Testing
import TesseraCluster
import TesseraCore

@Suite struct LoopbackTransportTests {
    @Test(arguments: TransportConformance.Check.allCases)
    func conforms(_ check: TransportConformance.Check) async throws {
        try await TransportConformance { count in
            let hub = LoopbackHub()
            let peers = try (0..<count).map { try hub.join(PeerInformation(peer: PeerID("p\($0)"))) }
            return TransportConformance.Network(peers: peers) { hub.drop(peers[$0].localPeer) }
        }.run(check)
    }

    @Test func aNameIsTakenOnce() throws {
        let hub = LoopbackHub()
        _ = try hub.join(PeerInformation(peer: "a"))
        #expect(throws: TesseraError.self) { try hub.join(PeerInformation(peer: "a")) }
        hub.drop("a")
        _ = try hub.join(PeerInformation(peer: "a"))
    }

    @Test func peersStartedByOneFactoryMeet() async throws {
        let registry = Registry(kind: "transport", [LoopbackTransportFactory.module])
        let factory = try registry.make("loopback")
        let a = try await factory.start(TransportOptions(information: PeerInformation(peer: "a")))
        let b = try await factory.start(TransportOptions(information: PeerInformation(peer: "b")))
        #expect(a.peers == [b.information])
        #expect(throws: TesseraError.self) { try registry.make("lopback") }
    }
}
