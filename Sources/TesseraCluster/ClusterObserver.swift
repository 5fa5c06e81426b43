import Foundation
import TesseraCore

/// What is known of one node of a cluster, for people.
public struct ObservedNode: Sendable {
    public enum State: Sendable, Equatable {
        case reached(NodeState)
        /// It announces itself or is listed, and cannot be reached.
        case unreachable(String)
        /// It announced itself, and does not any more.
        case gone
    }

    /// Nil while nobody has said it.
    public var name: PeerID?
    public var address: String
    public var state: State
    /// What the node told when it was met; for one that never was, what it announced.
    public var cores: Int?
    public var instructionSet: String?
    public var memory: Int?
    public var precisions: [String] = []
    public var build: String?
    public var identity: String?
    public var weights: NodeBeacon.Weights?
    /// All weights by hash, if the node was reached.
    public var status: NodeStatus?
    /// When it was reached or heard last.
    public var seen: ContinuousClock.Instant?

    init(address: String, state: State) { (self.address, self.state) = (address, state) }

    mutating func learn(_ information: PeerInformation) {
        (name, cores, build) = (information.peer, information.cores, information.build)
        (instructionSet, identity) = (information.instructionSet, information.identity)
        (memory, precisions) = (information.memory, information.precisions)
    }

    mutating func learn(_ beacon: NodeBeacon) {
        (name, cores, build) = (beacon.name, beacon.cores, beacon.build)
        (instructionSet, identity) = (beacon.instructionSet, beacon.identity)
        (memory, precisions, weights) = (beacon.memory, beacon.precisions, beacon.weights)
    }
}

/// Looks at the nodes of a cluster again and again: those at given addresses, and those that announce themselves.
public actor ClusterObserver {
    private let node: Node
    private let transport: any ListeningTransport
    private let addresses: [String]
    private let discovery: NodeDiscovery?
    /// Who was found at an address.
    private var met: [String: PeerID] = [:]
    private var known: [PeerID: ObservedNode] = [:]

    /// How long a node has to answer.
    private static let patience = Duration.seconds(3)

    /// - Parameters:
    ///   - addresses: of nodes that are shown whether they announce themselves or not.
    ///   - member: what this process is called by its certificate, if it has one.
    /// - Throws: `invalidArgument` for a transport that knows no addresses, and what starting it throws.
    public init(
        addresses: [String], discovery: NodeDiscovery?, transport: any TransportFactory, equipment: NodeEquipment,
        member: String? = nil, certificates: String? = nil
    ) async throws {
        let listening = try await Cluster.startLeader(
            as: "status", transport: transport, equipment: equipment, member: member, certificates: certificates)
        self.transport = listening
        (self.addresses, self.discovery) = (addresses, discovery)
        node = await equipment.node(on: listening)
    }

    public func close() async {
        discovery?.close()
        await node.close()
    }

    /// Waits until so many nodes were heard or the time is over. Nothing, if nodes are not listened for.
    public func listen(for count: Int?, within time: Duration) async throws {
        _ = try await discovery?.nodes(count: count.map { max(0, $0 - addresses.count) }, within: time)
    }

    /// All nodes as they are now, by name and address.
    public func look() async -> [ObservedNode] {
        let heard = discovery?.nodes ?? []
        var places = addresses.map { (candidates: [$0], beacon: DiscoveredNode?.none) }
        for discovered in heard {
            if let index = places.firstIndex(where: { discovered.addresses.contains($0.candidates[0]) }) {
                places[index].beacon = discovered
            } else {
                places.append((discovered.addresses, discovered))
            }
        }
        let looks = places.map { place in Task { await look(at: place.candidates, place.beacon) } }
        var found: [ObservedNode] = []
        for look in looks { found.append(await look.value) }
        return Self.merged(found)
    }

    /// A node may be listed and announce itself, or be heard from its last run still.
    private static func merged(_ nodes: [ObservedNode]) -> [ObservedNode] {
        func rank(_ node: ObservedNode) -> Int {
            switch node.state {
            case .reached: 0
            case .unreachable: 1
            case .gone: 2
            }
        }
        let sorted = nodes.sorted { (rank($0), $0.address) < (rank($1), $1.address) }
        var reached: Set<PeerID> = []
        let kept = sorted.filter { node in
            guard let name = node.name else { return true }
            if case .reached = node.state { return reached.insert(name).inserted }
            // Who was met under this name is the node; anybody may announce a name.
            return !reached.contains(name)
        }
        return kept.sorted { ($0.name?.name ?? "~", $0.address) < ($1.name?.name ?? "~", $1.address) }
    }

    private func look(at candidates: [String], _ discovered: DiscoveredNode?) async -> ObservedNode {
        guard discovered?.isPresent != false || addresses.contains(candidates[0]) else {
            return described(candidates[0], .gone, discovered)
        }
        var failure = "no address is known"
        for address in candidates {
            do {
                let (peer, status) = try await Self.within(Self.patience) { try await self.ask(address) }
                guard let information = transport.peers.first(where: { $0.peer == peer }) else {
                    throw TesseraError(.nodeFailure, "node '\(peer)' has left")
                }
                var result = ObservedNode(address: address, state: .reached(status.state))
                result.learn(information)
                (result.status, result.weights, result.seen) = (status, status.weightSummary, .now)
                (met[address], known[peer]) = (peer, result)
                return result
            } catch {
                failure = "\(error)"
            }
        }
        return described(candidates[0], .unreachable(failure), discovered)
    }

    /// A node that cannot be asked: what it said before, or else what it announced.
    private func described(
        _ address: String, _ state: ObservedNode.State, _ discovered: DiscoveredNode?
    ) -> ObservedNode {
        var result = ObservedNode(address: address, state: state)
        if let discovered { result.learn(discovered.beacon) }
        if let peer = met[address], let before = known[peer] {
            result = before
            (result.address, result.state, result.status) = (address, state, nil)
        }
        result.seen = [result.seen, discovered?.lastHeard].compactMap { $0 }.max()
        return result
    }

    private func ask(_ address: String) async throws -> (PeerID, NodeStatus) {
        var peer = met[address]
        if peer.map({ node.isConnected(to: $0) }) != true { peer = try await transport.connect(to: address) }
        guard let peer else { throw TesseraError(.nodeFailure, "nobody was met at \(address)") }
        return (peer, try await node.status(of: peer))
    }

    /// What `body` gives, unless that takes too long: then it goes on for nothing.
    private static func within<Result: Sendable>(
        _ time: Duration, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let (results, continuation) = AsyncThrowingStream.makeStream(of: Result.self)
        let work = Task {
            do { continuation.yield(try await body()) } catch { continuation.finish(throwing: error) }
        }
        let timer = Task {
            try await Task.sleep(for: time)
            continuation.finish(throwing: TesseraError(.nodeFailure, "no answer within \(time)"))
        }
        defer {
            work.cancel()
            timer.cancel()
        }
        for try await result in results { return result }
        throw CancellationError()
    }
}
