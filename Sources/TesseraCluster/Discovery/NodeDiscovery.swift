import Foundation
import Logging
import Synchronization
import TesseraCore

/// Listens for nodes that announce themselves.
///
/// Announcements are not authenticated: they say where to look. With certificates, an address gives nothing until TLS has verified
/// who is there.
public final class NodeDiscovery: Sendable {
    private let directory: Mutex<NodeDirectory>
    private let isClosed = Mutex(false)

    /// Begins to listen.
    ///
    /// - Parameters:
    ///   - cluster: the fingerprint of the cluster's authority; nil for nodes without certificates, which are looked for on loopback
    ///     interfaces alone.
    /// - Throws: `invalidArgument` for settings that cannot be, `notFound` for an interface that there is not, `inputOutput` for a port
    ///   that cannot be listened on.
    public convenience init(_ settings: DiscoverySettings, cluster: String?) throws {
        try settings.validate()
        if let name = settings.interface {
            let known = HostInterface.all()
            guard let own = known.first(where: { $0.name == name }) else {
                throw TesseraError(
                    .notFound,
                    "expected 'interface' to be a network interface that is up and has an IPv4 address, found '\(name)'; "
                        + "this host has: \(Set(known.map(\.name)).sorted().joined(separator: ", "))")
            }
            guard own.isLoopback || cluster != nil else {
                throw TesseraError(
                    .notSupported,
                    "'\(name)' leads off loopback, where nothing runs without certificates: 'tessera cluster init' makes them, and 'security: {certificates: FOLDER}' names them"
                )
            }
        }
        let choice =
            settings.interface.map { HostInterface.Choice.named($0) } ?? (cluster == nil ? .loopback : .all)
        try self.init(on: choice, group: MulticastGroup(settings.group), cluster: cluster)
    }

    private init(on interfaces: HostInterface.Choice, group: MulticastGroup, cluster: String?) throws {
        directory = Mutex(NodeDirectory(cluster: cluster ?? ""))
        let socket = try DiscoverySocket.receiving(from: group)
        socket.join(interfaces.current)
        let thread = Thread { [weak self] in
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: NodeBeacon.packetLimit + 1, alignment: 16)
            defer { buffer.deallocate() }
            var nextLook = ContinuousClock.now
            while let self, !self.isClosed.withLock({ $0 }) {
                let now = ContinuousClock.now
                if now >= nextLook {
                    // Interfaces may have come, or come back.
                    socket.join(interfaces.current)
                    nextLook = now + .seconds(1)
                }
                guard let (count, source) = socket.receive(into: buffer, milliseconds: 100) else { continue }
                self.receive(
                    UnsafeRawBufferPointer(rebasing: buffer[..<count]), from: source, isTrusted: cluster != nil)
            }
        }
        thread.name = "tessera discovery"
        thread.start()
    }

    deinit { close() }

    private func receive(_ packet: UnsafeRawBufferPointer, from source: in_addr, isTrusted: Bool) {
        guard isTrusted || source.isLoopback, let beacon = try? NodeBeacon(packet: packet) else {
            return directory.withLock { $0.ignore() }
        }
        directory.withLock { $0.hear(beacon, from: source.text, at: .now) }
    }

    public func close() { isClosed.withLock { $0 = true } }

    /// Nodes that are there or were not long ago, by name.
    public var nodes: [DiscoveredNode] { directory.withLock { $0.nodes(at: .now) } }

    /// Packets that were no announcements of this cluster's nodes.
    public var ignored: Int { directory.withLock { $0.ignored } }

    /// Where nodes of a name may be, those that were heard last at the front.
    public func addresses(of name: PeerID) -> [String] {
        nodes.filter { $0.beacon.name == name && $0.isPresent }.sorted { $0.lastHeard > $1.lastHeard }
            .flatMap(\.addresses)
    }

    /// The nodes that are there when so many are, or else when the time is over.
    ///
    /// - Parameter count: nil for all that are heard within the time.
    public func nodes(count: Int?, within time: Duration) async throws -> [DiscoveredNode] {
        let deadline = ContinuousClock.now + time
        while true {
            let present = nodes.filter(\.isPresent)
            if present.count >= count ?? .max || ContinuousClock.now >= deadline { return present }
            try await Task.sleep(for: min(.milliseconds(20), deadline - .now))
        }
    }
}
