import Foundation
import TesseraCore
import TesseraTestSupport
import Testing

@testable import TesseraCluster

/// What follows from announcements, at times that the tests choose.
@Suite struct NodeDirectoryTests {
    private let start = ContinuousClock.now

    static func beacon(
        _ name: String, cluster: String = "", port: Int = 6003, number: UInt64 = 0, instance: UUID = UUID(),
        state: NodeState = .idle, identity: String? = nil
    ) -> NodeBeacon {
        var information = PeerInformation(
            peer: PeerID(name), cores: 4, instructionSet: "avx2",
            capabilities: ["memory": "1024", "precisions": "f32 f16"])
        information.instance = instance
        return NodeBeacon(
            information, cluster: cluster, identity: identity ?? "identity of \(name)", port: port, interval: 1,
            number: number, state: state)
    }

    @Test("a node is there while it is heard, gone after three announcements are missing, and forgotten after a minute")
    func silence() {
        var directory = NodeDirectory(cluster: "")
        let node = Self.beacon("attic")
        directory.hear(node, from: "10.0.0.1", at: start)
        for (seconds, isPresent) in [(0.0, true), (3.4, true), (3.6, false), (59, false)] {
            let found = directory.nodes(at: start + .seconds(seconds))
            #expect(found.map(\.isPresent) == [isPresent], "\(seconds)")
            #expect(found.map(\.addresses) == [["10.0.0.1:6003"]])
        }
        #expect(directory.nodes(at: start + .seconds(61)).isEmpty)
    }

    @Test("a node that takes leave is gone at once")
    func leave() {
        var directory = NodeDirectory(cluster: "")
        let run = UUID()
        directory.hear(Self.beacon("attic", instance: run), from: "10.0.0.1", at: start)
        directory.hear(Self.beacon("attic", number: 1, instance: run, state: .leaving), from: "10.0.0.1", at: start)
        #expect(directory.nodes(at: start).map(\.isPresent) == [false])
    }

    @Test("a node that comes back at another address is one node, at that address")
    func newAddress() {
        var directory = NodeDirectory(cluster: "")
        directory.hear(Self.beacon("attic"), from: "10.0.0.1", at: start)
        directory.hear(Self.beacon("attic"), from: "10.0.0.9", at: start + .seconds(5))
        let found = directory.nodes(at: start + .seconds(5))
        #expect(found.map(\.addresses) == [["10.0.0.9:6003"]])
        #expect(found.map(\.isPresent) == [true])
    }

    @Test("a run whose address changes is told its new one first once the old one is silent")
    func movedAddress() {
        var directory = NodeDirectory(cluster: "")
        let run = UUID()
        for second in 0..<3 {
            directory.hear(
                Self.beacon("a", number: UInt64(second), instance: run), from: "10.0.0.1", at: start + .seconds(second))
        }
        for second in 3..<8 {
            directory.hear(
                Self.beacon("a", number: UInt64(second), instance: run), from: "10.0.0.2", at: start + .seconds(second))
        }
        #expect(directory.nodes(at: start + .seconds(7)).map(\.addresses) == [["10.0.0.2:6003"]])
    }

    @Test("a node that is heard on loopback as well is told by the address that others can use")
    func severalInterfaces() {
        var directory = NodeDirectory(cluster: "")
        let node = Self.beacon("attic")
        directory.hear(node, from: "127.0.0.1", at: start)
        directory.hear(node, from: "10.0.0.1", at: start)
        directory.hear(node, from: "127.0.0.1", at: start + .seconds(1))
        #expect(
            directory.nodes(at: start + .seconds(1)).map(\.addresses) == [["10.0.0.1:6003", "127.0.0.1:6003"]])
    }

    @Test("whoever gets a port takes the place of who had it")
    func samePort() {
        var directory = NodeDirectory(cluster: "")
        directory.hear(Self.beacon("old"), from: "10.0.0.1", at: start)
        directory.hear(Self.beacon("new"), from: "10.0.0.1", at: start)
        #expect(directory.nodes(at: start).map(\.beacon.name) == ["new"])
    }

    @Test("nodes of other clusters, and announcements that were overtaken, are left out and counted")
    func others() {
        var directory = NodeDirectory(cluster: "home")
        directory.hear(Self.beacon("a", cluster: "away"), from: "10.0.0.1", at: start)
        directory.hear(Self.beacon("b"), from: "10.0.0.2", at: start)
        let run = UUID()
        directory.hear(Self.beacon("c", cluster: "home", number: 5, instance: run), from: "10.0.0.3", at: start)
        directory.hear(Self.beacon("c", cluster: "home", number: 4, instance: run), from: "10.0.0.3", at: start)
        #expect(directory.nodes(at: start).map(\.addresses) == [["10.0.0.3:6003"]])
        #expect(directory.ignored == 3)
    }

    @Test("what another host announces in a node's name neither hides the node nor comes first")
    func forgery() {
        var directory = NodeDirectory(cluster: "")
        let run = UUID()
        directory.hear(Self.beacon("a", number: 5, instance: run), from: "10.0.0.1", at: start)
        directory.hear(Self.beacon("a", number: .max, instance: run, state: .leaving), from: "10.9.9.9", at: start)
        directory.hear(Self.beacon("a", number: 6, instance: run, state: .working), from: "10.0.0.1", at: start)
        let found = directory.nodes(at: start)
        #expect(found.map(\.isPresent) == [true])
        #expect(found.map(\.addresses.first) == ["10.0.0.1:6003"])
        #expect(found.map(\.beacon.state) == [.working])
    }

    @Test("two nodes of one host are two nodes, also if they share a name")
    func severalOfAHost() {
        var directory = NodeDirectory(cluster: "")
        directory.hear(Self.beacon("a", port: 1), from: "10.0.0.1", at: start)
        directory.hear(Self.beacon("b", port: 2), from: "10.0.0.1", at: start)
        directory.hear(Self.beacon("a", port: 3, identity: "another a"), from: "10.0.0.1", at: start)
        #expect(directory.nodes(at: start).map(\.beacon.port).sorted() == [1, 2, 3])
    }

    @Test("a flood of announcements takes bounded memory, and one host cannot crowd out the others")
    func flood() {
        var directory = NodeDirectory(cluster: "")
        for port in 1...500 { directory.hear(Self.beacon("f\(port)", port: port), from: "10.9.9.9", at: start) }
        #expect(directory.nodes(at: start).count == 64)
        directory.hear(Self.beacon("real"), from: "10.0.0.1", at: start)
        #expect(directory.nodes(at: start).contains { $0.beacon.name == "real" })
        for host in 0..<2000 {
            directory.hear(Self.beacon("g\(host)"), from: "10.8.\(host / 250).\(host % 250)", at: start)
        }
        #expect(directory.nodes(at: start).count == 1024)
        // Once they are silent there is room again.
        directory.hear(Self.beacon("late"), from: "10.0.0.2", at: start + .seconds(61))
        #expect(directory.nodes(at: start + .seconds(61)).map(\.beacon.name) == ["late"])
    }
}
