import Foundation
import Logging
import Synchronization
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
            let dials = Dials(transport: started)
            defer { dials.cancel() }
            // One that does not answer holds nobody up: what counts is who has answered by the deadline.
            while !isComplete(), ContinuousClock.now < deadline {
                // Whoever is not needed is not connected to.
                let room = (search.count ?? .max) - listed.count - found.count - dials.pendingCount
                let untried = discovery.nodes.filter { $0.isPresent && !tried.contains($0.beacon.instance) }
                let idle = untried.filter { $0.beacon.state == .idle }
                let next = (idle + untried.filter { $0.beacon.state != .idle }).prefix(max(0, room))
                tried.formUnion(next.map(\.beacon.instance))
                dials.begin(Array(next))
                try await Task.sleep(for: .milliseconds(20))
                for answer in dials.answers() where !listed.contains(where: { $0.peer == answer.peer }) {
                    found[answer.peer] = (answer.address, answer.node.beacon.state == .idle)
                }
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

    private static func require(_ search: Search, _ found: [PeerID], _ discovery: NodeDiscovery) throws {
        let needed = search.count ?? 1
        guard found.count < needed else { return }
        let names = found.isEmpty ? "none" : "\(found.count): \(found.map(\.name).joined(separator: ", "))"
        let others = discovery.ignored
        throw TesseraError(
            .nodeFailure,
            "expected \(needed == 1 ? "a node" : "\(needed) nodes") to announce \(needed == 1 ? "itself" : "themselves") within \(search.time / .seconds(1)) s, found \(names)"
                + (others == 0 ? "" : "; \(others) packets of other clusters or programs were heard")
                + "; 'tessera cluster status' with the deployment's file shows who is there")
    }
}

/// Connections to nodes that were heard, which are made all at once.
private final class Dials: Sendable {
    struct Answer: Sendable {
        let node: DiscoveredNode
        let peer: PeerID
        let address: String
    }

    private struct State {
        var tasks: [Task<Void, Never>] = []
        var answers: [Answer] = []
        /// When those were begun that are under way, by the node's run.
        var pending: [UUID: ContinuousClock.Instant] = [:]
    }

    /// How long a node that does not answer keeps another from being tried.
    private static let patience = Duration.seconds(1)

    private let transport: any ListeningTransport
    private let state = Mutex(State())

    init(transport: any ListeningTransport) { self.transport = transport }

    func begin(_ nodes: [DiscoveredNode]) {
        state.withLock { state in
            for node in nodes { state.pending[node.beacon.instance] = .now }
        }
        let tasks = nodes.map { node in
            Task {
                let answer = await self.dial(node)
                state.withLock { state in
                    state.pending[node.beacon.instance] = nil
                    if let answer { state.answers.append(answer) }
                }
            }
        }
        state.withLock { $0.tasks += tasks }
    }

    /// How many may still answer, or have since this was last asked.
    var pendingCount: Int {
        let earliest = ContinuousClock.now - Self.patience
        return state.withLock { state in state.answers.count + state.pending.values.count { $0 > earliest } }
    }

    /// Those that have answered since this was last asked.
    func answers() -> [Answer] {
        state.withLock { state in
            defer { state.answers = [] }
            return state.answers
        }
    }

    func cancel() {
        for task in state.withLock({ $0.tasks }) { task.cancel() }
    }

    private func dial(_ node: DiscoveredNode) async -> Answer? {
        var reason = ""
        for address in node.addresses where !Task.isCancelled {
            do {
                let peer = try await transport.connect(to: address)
                return Answer(node: node, peer: peer, address: address)
            } catch { reason = "\(error)" }
        }
        guard !Task.isCancelled else { return nil }
        Logger(label: "tessera.discovery").warning(
            "a node announces itself and cannot be used",
            metadata: ["node": "\(node.beacon.name)", "reason": "\(reason)"])
        return nil
    }
}
