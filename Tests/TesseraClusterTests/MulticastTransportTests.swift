import Crypto
import Foundation
import Synchronization
import Testing
import TesseraCluster
import TesseraCore
import TesseraNetwork
import TesseraSecurity
import TesseraTestSupport
import TransportTCP

@testable import TransportMulticast

@Suite(.serialized) struct MulticastTransportTests {
    /// Patient, for machines that do much else; each network has a group of its own.
    private static let groups = Mutex(0)

    private static func settings() -> MulticastSettings {
        var settings = MulticastSettings()
        let number = groups.withLock { number in
            number += 1
            return number
        }
        settings.group = "239.77.\(ProcessInfo.processInfo.processIdentifier % 200 + 1).\(number % 250 + 1):6103"
        settings.confirmTimeout = 10
        settings.tcp = .patient
        return settings
    }

    private static func start(
        _ count: Int, _ settings: MulticastSettings, hooks: [Int: MulticastHooks] = [:],
        certificates: (Int) throws -> String? = { _ in nil }
    ) async throws -> [MulticastTransport] {
        var peers: [MulticastTransport] = []
        for index in 0..<count {
            let options = TransportOptions(
                information: PeerInformation(peer: PeerID("p\(index)")), listen: "127.0.0.1:0",
                peers: peers.compactMap(\.listenAddress), certificates: try certificates(index))
            peers.append(
                try await MulticastTransport.start(
                    options, settings: settings, hooks: hooks[index] ?? MulticastHooks()))
        }
        while peers.contains(where: { $0.peers.count < count - 1 }) { try await Task.sleep(for: .milliseconds(2)) }
        return peers
    }

    @Test(arguments: TransportConformance.Check.allCases)
    func conforms(_ check: TransportConformance.Check) async throws {
        try await TransportConformance { count in
            let peers = try await Self.start(count, Self.settings())
            return TransportConformance.Network(peers: peers) { await peers[$0].abort() }
        }.run(check)
    }

    /// The first `count` messages that a transport receives.
    private func messages(_ count: Int, of transport: MulticastTransport) async -> [Message] {
        var messages: [Message] = []
        for await event in transport.events {
            guard case .received(let message, _) = event else { continue }
            messages.append(message)
            if messages.count == count { break }
        }
        return messages
    }

    private func message(_ kind: String, byteCount: Int, seed: UInt64) -> Message {
        var generator = SeededGenerator(seed: seed)
        let bytes = (0..<(byteCount + 7) / 8).flatMap { _ in withUnsafeBytes(of: generator.next(), Array.init) }
        return Message(
            kind: kind, encodedBody: Data("body".utf8), payload: [Blob(Array(bytes.prefix(byteCount))), Blob([1])])
    }

    /// Broadcasts and messages to single peers, each received in order and once by all, whatever is lost.
    private func exchange(_ peers: [MulticastTransport], sizes: [Int]) async throws {
        let sent = sizes.enumerated().map { message("\($0)", byteCount: $1, seed: UInt64($0)) }
        let receivers = peers.dropFirst().map { peer in
            Task { await self.messages(2 * sent.count, of: peer) }
        }
        for message in sent {
            try await peers[0].broadcast(message)
            for peer in peers.dropFirst() {
                try await peers[0].send(Message(kind: "after \(message.kind)"), to: peer.localPeer)
            }
        }
        let expected = sent.flatMap { [$0, Message(kind: "after \($0.kind)")] }
        for receiver in receivers {
            let received = await receiver.value
            #expect(received.map(\.kind) == expected.map(\.kind))
            #expect(received == expected)
        }
    }

    private func close(_ peers: [MulticastTransport]) async {
        for peer in peers { await peer.close() }
    }

    @Test("packets that are lost are repaired, and nothing has to go by TCP", arguments: [0.0, 5, 20])
    func loss(_ percent: Double) async throws {
        var hooks = MulticastHooks()
        hooks.receiveLoss = percent
        let peers = try await Self.start(4, Self.settings(), hooks: [1: hooks, 2: hooks, 3: hooks])
        try await exchange(peers, sizes: [10, 100_000, 3_000_000, 0, 2_500_000] + Array(repeating: 300, count: 50))
        #expect(peers[0].counts.broadcasts == 55)
        #expect(peers[0].counts.substitutes == 0)
        await close(peers)
    }

    @Test func congestionControlSlowsDownButLosesNothing() async throws {
        var settings = Self.settings()
        settings.congestionControl = true
        var hooks = MulticastHooks()
        hooks.receiveLoss = 2
        let peers = try await Self.start(3, settings, hooks: [1: hooks])
        try await exchange(peers, sizes: [10, 300_000, 20])
        await close(peers)
    }

    @Test func aLargeBroadcastArrivesWhole() async throws {
        let peers = try await Self.start(3, Self.settings())
        try await exchange(peers, sizes: [48 << 20])
        #expect(peers[0].counts.substitutes == 0)
        await close(peers)
    }

    @Test func manySmallBroadcastsArriveInOrder() async throws {
        let peers = try await Self.start(3, Self.settings())
        try await exchange(peers, sizes: Array(repeating: 20, count: 2000))
        #expect(peers[0].counts.substitutes == 0)
        await close(peers)
    }

    @Test func aReceiverThatNeverJoinsTheGroupIsFedByTCP() async throws {
        var settings = Self.settings()
        settings.confirmTimeout = 0.3
        var deaf = MulticastHooks()
        deaf.receives = false
        let peers = try await Self.start(3, settings, hooks: [2: deaf])
        try await exchange(peers, sizes: [10, 3_000_000, 20, 9_000_000, 30])
        #expect(peers[0].counts.substitutes >= 1)
        #expect(peers[1].counts.forged == 0)
        await close(peers)
    }

    @Test func withoutTheGroupEverythingGoesByTCPAndLaterByMulticastAgain() async throws {
        var settings = Self.settings()
        settings.rejoin = 0.3
        let peers = try await Self.start(3, settings)
        // Broadcasts that are under way when the group is lost, one before and one after.
        let sent = (0..<4).map { message("\($0)", byteCount: $0 == 3 ? 20 : 20 << 20, seed: UInt64($0)) }
        let receivers = peers.dropFirst().map { peer in Task { await self.messages(4, of: peer) } }
        try await peers[0].broadcast(sent[0])
        let second = Task { try await peers[0].broadcast(sent[1]) }
        try await until { peers[0].counts.broadcasts == 2 }
        peers[0].loseGroup()
        try await second.value
        try await peers[0].broadcast(sent[2])
        #expect(peers[0].counts.broadcasts == 2)
        try await until { peers[0].hasGroup }
        try await peers[0].broadcast(sent[3])
        for receiver in receivers { #expect(await receiver.value == sent) }
        #expect(peers[0].counts.broadcasts == 3)
        await close(peers)
    }

    @Test func aPeerWithoutMulticastIsSentEverythingByTCP() async throws {
        let settings = Self.settings()
        let leader = try await Self.start(1, settings)[0]
        let address = try #require(leader.listenAddress)
        let plain = try await TCPTransport.start(
            TransportOptions(information: PeerInformation(peer: "plain"), peers: [address]), settings: settings.tcp)
        while leader.peers.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
        let sent = message("weights", byteCount: 1000, seed: 1)
        try await leader.broadcast(sent)
        for await case .received(let message, _) in plain.events {
            #expect(message == sent)
            break
        }
        #expect(leader.counts.broadcasts == 0)
        await leader.close()
        await plain.close()
    }

    // MARK: Sealing

    /// Somebody who belongs to the group but not to the cluster.
    private func eavesdropper(_ settings: MulticastSettings) throws -> (NormSession, objects: @Sendable () -> [[UInt8]])
    {
        let heard = Heard()
        let session = try NormSession(settings, node: 77) { bytes in heard.objects.withLock { $0.append(Array(bytes)) }
        }
        return (session, { heard.objects.withLock { $0 } })
    }

    private final class Heard: Sendable { let objects = Mutex<[[UInt8]]>([]) }

    @Test("with certificates nobody outside reads a broadcast, and what is forged or repeated is dropped and counted")
    func sealing() async throws {
        let folder = try TemporaryFolder()
        let authority = try ClusterAuthority.create(in: folder.file("cluster"), cluster: "home", member: "laptop")
        let settings = Self.settings()
        let (intruder, heard) = try eavesdropper(settings)
        let peers = try await Self.start(2, settings) { try authority.add("p\($0)").path }
        let secret = Message(kind: "secret", payload: [Blob(Array("the weights of a network".utf8))])

        let first = Task { await self.messages(1, of: peers[1]) }
        // Whoever knows a sender may send in its name, before and after it does.
        let next = ObjectLabel(instance: peers[0].information.instance, number: 1, index: 0)
        _ = intruder.send(next.bytes + Array(repeating: 7, count: 200))
        try await peers[0].broadcast(secret)
        #expect(await first.value == [secret])
        try await until { heard().contains { ObjectLabel($0)?.number == 1 } }
        let object = try #require(heard().last { ObjectLabel($0)?.number == 1 })
        for text in ["secret", "weights"] { #expect(!object.contains(text)) }
        try await until { peers[1].counts.forged + peers[1].counts.repeated >= 1 }

        let seen = peers[1].counts.repeated
        _ = intruder.send(object)
        try await until { peers[1].counts.repeated == seen + 1 }

        // An object under a number that is to come waits for its announcement, and is found out then.
        let later = ObjectLabel(instance: peers[0].information.instance, number: 2, index: 0)
        let forged = peers[1].counts.forged
        _ = intruder.send(later.bytes + object.dropFirst(ObjectLabel.byteCount))
        let second = Task { await self.messages(1, of: peers[1]) }
        try await peers[0].broadcast(Message(kind: "second"))
        #expect(await second.value == [Message(kind: "second")])
        try await until { peers[1].counts.forged + peers[1].counts.repeated == forged + seen + 2 }
        await intruder.close()
        await close(peers)
    }

    private func until(
        sourceLocation: Testing.SourceLocation = #_sourceLocation, _ condition: () -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while !condition() {
            try #require(ContinuousClock.now < deadline, sourceLocation: sourceLocation)
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    @Test func anObjectOpensUnderItsOwnLabelKeyAndSenderOnly() throws {
        let key = SymmetricKey(size: .bits256)
        let seal = ObjectSeal(key: key, sender: "a")
        let label = ObjectLabel(instance: UUID(), number: 3, index: 4)
        let sealed = try seal.seal([1, 2, 3], label)
        #expect(sealed.count == 3 + ObjectSeal.tagByteCount)
        #expect(seal.open(sealed, label) == Data([1, 2, 3]))
        var bent = sealed
        bent[0] ^= 1
        #expect(seal.open(bent, label) == nil)
        #expect(seal.open(sealed.prefix(10), label) == nil)
        #expect(seal.open(sealed, ObjectLabel(instance: label.instance, number: 4, index: 4)) == nil)
        #expect(seal.open(sealed, ObjectLabel(instance: label.instance, number: 3, index: 5)) == nil)
        #expect(seal.open(sealed, ObjectLabel(instance: UUID(), number: 3, index: 4)) == nil)
        #expect(ObjectSeal(key: key, sender: "b").open(sealed, label) == nil)
        #expect(ObjectSeal(key: SymmetricKey(size: .bits256), sender: "a").open(sealed, label) == nil)
    }

    // MARK: Settings

    @Test(arguments: [
        ("{group: '10.0.0.1:6003'}", "multicast address"), ("{group: '239.1.1.1'}", "a port"),
        ("{group: '239.1.1.1:0'}", "a port"), ("{group: 'there:6003'}", "IPv4 multicast"),
        ("{rate: 0}", "'rate'"), ("{ttl: 256}", "'ttl'"), ("{fec_block: 200, fec_parity: 60}", "'fec_parity'"),
        ("{auto_parity: 17}", "'auto_parity'"), ("{segment: 9000}", "'segment'"), ("{window: 1}", "'window'"),
        ("{tcp: {silence: 0.1}}", "silence"), ("{speed: 1}", "unknown key 'speed'"),
    ])
    func settingsThatCannotBeAreRefused(_ yaml: String, _ text: String) {
        let error = #expect(throws: TesseraError.self) {
            try MulticastSettings(configuration: YAMLReader.parse(yaml, file: "settings.yaml"))
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.description.contains(text) == true, "\(String(describing: error))")
    }

    @Test func anInterfaceThatIsNotThereIsRefused() async throws {
        var settings = Self.settings()
        settings.interface = "nowhere7"
        let error = await #expect(throws: TesseraError.self) { try await Self.start(1, settings) }
        #expect(error?.code == .notFound)
        #expect(error?.description.contains("'nowhere7'") == true && error?.description.contains("lo") == true)
    }

    @Test func withoutCertificatesAnInterfaceOffLoopbackIsRefused() async throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: "/sys/class/net")
        guard let name = names.first(where: { (try? NetworkInterface(named: $0))?.isLoopback == false }) else { return }
        var settings = Self.settings()
        settings.interface = name
        let error = await #expect(throws: TesseraError.self) { try await Self.start(1, settings) }
        #expect(error?.code == .notSupported)
        #expect(error?.description.contains("certificates") == true)
    }
}

extension ObjectLabel {
    fileprivate init?(_ bytes: [UInt8]) {
        guard let label = bytes.withUnsafeBytes({ ObjectLabel($0) }) else { return nil }
        self = label
    }
}

extension [UInt8] {
    fileprivate func contains(_ text: String) -> Bool { Data(self).range(of: Data(text.utf8)) != nil }
}
