import Foundation
import TesseraTestSupport
import TesseraCore
import Testing

@testable import TesseraCluster

/// Real announcements on the loopback interface, each test in a group of its own.
@Suite struct NodeDiscoveryTests {
    /// Settings that no other test has, with many announcements a second.
    static func settings() -> DiscoverySettings {
        var settings = DiscoverySettings()
        settings.group =
            "239.77.\(Int.random(in: 10...250)).\(Int.random(in: 1...250)):\(Int.random(in: 20000...30000))"
        settings.interface = "lo"
        settings.interval = 0.1
        return settings
    }

    private static func announcer(
        _ name: String, _ settings: DiscoverySettings, port: Int, identity: String? = nil
    ) async throws -> Announcer {
        var beacon = NodeDirectoryTests.beacon(name, port: port, identity: identity)
        beacon.interval = settings.interval
        return try await Announcer(settings, listening: "127.0.0.1:\(port)") { [beacon] in beacon }
    }

    private static func wait(_ what: String, until condition: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while !condition() {
            guard ContinuousClock.now < deadline else { throw TesseraError(.limitExceeded, "\(what): not within 20 s") }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    @Test("several nodes of a host are found by several listeners, those that leave are gone, and garbage does no harm")
    func found() async throws {
        let settings = Self.settings()
        let listeners = try (0..<2).map { _ in try NodeDiscovery(settings, cluster: nil) }
        let group = try MulticastGroup(settings.group)
        let stranger = try DiscoverySocket.sending(to: group, timeToLive: 1)
        let lo = try #require(HostInterface.Choice.loopback.current.first)
        var generator = SeededGenerator(seed: 11)
        for length in [0, 1, 12, 600, 1200, 4000] {
            let packet = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(stranger.send(packet, on: lo) == nil)
        }
        var announcers: [Announcer] = []
        for (index, name) in ["attic", "cellar", "kitchen"].enumerated() {
            announcers.append(try await Self.announcer(name, settings, port: 7001 + index))
        }
        for listener in listeners {
            let nodes = try await listener.nodes(count: 3, within: .seconds(20))
            #expect(nodes.map(\.beacon.name) == ["attic", "cellar", "kitchen"])
            #expect(nodes.map(\.addresses) == [["127.0.0.1:7001"], ["127.0.0.1:7002"], ["127.0.0.1:7003"]])
            #expect(listener.ignored >= 6)
        }
        await announcers[1].close()
        try await Self.wait("leave") { listeners[0].nodes.filter(\.isPresent).count == 2 }
        #expect(listeners[0].nodes.filter { !$0.isPresent }.map(\.beacon.name) == ["cellar"])
        #expect(listeners[0].addresses(of: "cellar").isEmpty)
        // It comes back at another address.
        announcers[1] = try await Self.announcer("cellar", settings, port: 7009)
        try await Self.wait("return") { listeners[1].addresses(of: "cellar") == ["127.0.0.1:7009"] }
        #expect(listeners[1].nodes.count == 3)
        for announcer in announcers { await announcer.close() }
        for listener in listeners { listener.close() }
    }

    @Test("fewer nodes than are wanted are told when the time is over")
    func tooFew() async throws {
        var settings = Self.settings()
        // Long enough that no other test's work makes it seem gone.
        settings.interval = 5
        let listener = try NodeDiscovery(settings, cluster: nil)
        let announcer = try await Self.announcer("attic", settings, port: 7001)
        try await Self.wait("attic") { listener.nodes.count == 1 }
        let start = ContinuousClock.now
        let nodes = try await listener.nodes(count: 2, within: .seconds(1))
        #expect(nodes.map(\.beacon.name) == ["attic"])
        #expect(ContinuousClock.now - start >= .seconds(1))
        await announcer.close()
    }

    @Test("nodes of another group are not heard")
    func otherGroup() async throws {
        let (here, there) = (Self.settings(), Self.settings())
        let listener = try NodeDiscovery(here, cluster: nil)
        let announcer = try await Self.announcer("attic", there, port: 7001)
        #expect(try await listener.nodes(count: 1, within: .milliseconds(500)).isEmpty)
        await announcer.close()
    }

    @Test("settings that cannot be are refused with what was expected")
    func refused() async throws {
        var settings = Self.settings()
        settings.interface = "nowhere0"
        expectError(.notFound, "found 'nowhere0'", "lo") { try NodeDiscovery(settings, cluster: nil) }
        for (group, part) in [("10.0.0.1:6003", "multicast"), ("239.1.1.1", "a port"), ("239.1.1.1:0", "a port")] {
            settings = Self.settings()
            settings.group = group
            expectError(.invalidArgument, part, group) { try NodeDiscovery(settings, cluster: nil) }
        }
        let error = await #expect(throws: TesseraError.self) {
            var beacon = NodeDirectoryTests.beacon("six")
            beacon.interval = 0.1
            var settings = Self.settings()
            settings.interface = nil
            _ = try await Announcer(settings, listening: "[::1]:6003") { [beacon] in beacon }
        }
        #expect(error?.description.contains("IPv4") == true, "\(String(describing: error))")
    }
}
