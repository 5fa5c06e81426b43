import Foundation
import Logging
import TesseraCore

extension Cluster {
    /// Which nodes are wanted of those that announce themselves.
    public struct Search: Sendable {
        /// Nodes that must be there, besides.
        public var addresses: [String]
        /// How many there must be in all; nil for all that are found.
        public var count: Int?
        /// How long to look for them.
        public var time: Duration

        public init(addresses: [String] = [], count: Int? = nil, time: Duration = .seconds(3)) {
            (self.addresses, self.count, self.time) = (addresses, count, time)
        }
    }

    /// The nodes that announce themselves, in the order of their names, after those at given addresses.
    ///
    /// An announcement only says where to look. A node belongs to the cluster if it can be connected to, which takes a certificate of the
    /// cluster where there are certificates; whoever cannot is left out, and a warning says so.
    /// - Throws: `nodeFailure` for a given address where no node is, or if there are too few nodes.
    public static func found(
        by discovery: NodeDiscovery, _ search: Search, transport: any TransportFactory, equipment: NodeEquipment,
        member: String? = nil, certificates: String? = nil
    ) async throws -> Cluster {
        let deadline = ContinuousClock.now + search.time
        let started = try await startLeader(
            transport: transport, equipment: equipment, member: member, certificates: certificates)
        do {
            var listed: [(peer: PeerID, address: String)] = []
            for address in search.addresses {
                let peer = try await started.connect(to: address)
                guard !listed.contains(where: { $0.peer == peer }) else {
                    throw TesseraError(.invalidArgument, "address \(address) leads to node '\(peer)' a second time")
                }
                listed.append((peer, address))
            }
            var found: [PeerID: (address: String, isIdle: Bool)] = [:]
            var tried: Set<UUID> = []
            func isComplete() -> Bool { listed.count + found.count >= search.count ?? .max }
            while !isComplete(), ContinuousClock.now < deadline {
                let new = discovery.nodes.filter { $0.isPresent && tried.insert($0.beacon.instance).inserted }
                for (node, met) in await meet(new, on: started) {
                    guard let met, !listed.contains(where: { $0.peer == met.peer }) else { continue }
                    found[met.peer] = (met.address, node.beacon.state == .idle)
                }
                if !isComplete() { try await Task.sleep(for: .milliseconds(20)) }
            }
            let wanted = (search.count ?? .max) - listed.count
            // Those that have nothing to do first.
            let chosen = found.sorted { ($0.value.isIdle ? 0 : 1, $0.key) < ($1.value.isIdle ? 0 : 1, $1.key) }
                .prefix(max(0, wanted)).map { (peer: $0.key, address: $0.value.address) }
            let members = listed + chosen.sorted { $0.peer < $1.peer }
            try require(search, members.map(\.peer), discovery)
            return Cluster(
                leader: await equipment.node(on: started), peers: members.map(\.peer),
                addresses: Dictionary(members.map { ($0.peer, $0.address) }) { first, _ in first },
                discovery: discovery)
        } catch {
            await started.close()
            throw error
        }
    }

    /// Connects to nodes that were heard, all at once.
    private static func meet(
        _ nodes: [DiscoveredNode], on transport: any ListeningTransport
    ) async -> [(node: DiscoveredNode, met: (peer: PeerID, address: String)?)] {
        await withTaskGroup(of: (DiscoveredNode, (peer: PeerID, address: String)?).self) { group in
            for node in nodes {
                group.addTask {
                    var reason = ""
                    for address in node.addresses {
                        do { return (node, (try await transport.connect(to: address), address)) } catch {
                            reason = "\(error)"
                        }
                    }
                    Logger(label: "tessera.discovery").warning(
                        "a node announces itself and cannot be used",
                        metadata: ["node": "\(node.beacon.name)", "reason": "\(reason)"])
                    return (node, nil)
                }
            }
            return await group.reduce(into: []) { $0.append(($1.0, $1.1)) }
        }
    }

    private static func require(_ search: Search, _ found: [PeerID], _ discovery: NodeDiscovery) throws {
        let needed = search.count ?? 1
        guard found.count < needed else { return }
        let names = found.isEmpty ? "none" : "\(found.count): \(found.map(\.name).joined(separator: ", "))"
        let others = discovery.ignored
        throw TesseraError(
            .nodeFailure,
            "expected \(needed == 1 ? "a node" : "\(needed) nodes") to announce \(needed == 1 ? "itself" : "themselves") within \(search.time / .seconds(1)) s, found \(names)"
                + (others == 0 ? "" : "; \(others) packets of other clusters or programs were heard")
                + "; 'tessera cluster status' shows who is there")
    }
}
