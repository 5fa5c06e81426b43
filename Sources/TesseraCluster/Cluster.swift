import Foundation
import TesseraCore
import TesseraPartition

/// Nodes that are connected to one that leads: in this process, in processes of this host, or at addresses.
public final class Cluster: Sendable {
    /// The node that is handed tasks.
    public let leader: Node
    /// Who computes, in the order of the plan's nodes. The leader may be among them.
    public let peers: [PeerID]
    /// Where nodes listen, as far as that is known.
    public let addresses: [PeerID: String]
    private let others: [Node]
    private let processes: SpawnedNodes?

    init(
        leader: Node, peers: [PeerID], addresses: [PeerID: String], others: [Node] = [],
        processes: SpawnedNodes? = nil
    ) {
        (self.leader, self.peers, self.addresses) = (leader, peers, addresses)
        (self.others, self.processes) = (others, processes)
    }

    /// `count` nodes in this process. The first one leads and takes its share of the work.
    public static func local(_ count: Int, transport: any TransportFactory, equipment: NodeEquipment) async throws
        -> Cluster
    {
        let names = try self.names(count)
        var others: [Node] = []
        var addresses: [PeerID: String] = [:]
        do {
            for name in names.dropFirst() {
                let started = try await transport.start(
                    TransportOptions(information: equipment.information(named: name), listen: "127.0.0.1:0"))
                others.append(await equipment.node(on: started))
                addresses[name] = (started as? any ListeningTransport)?.listenAddress
            }
            let own = try await transport.start(
                TransportOptions(
                    information: equipment.information(named: names[0]), peers: names.compactMap { addresses[$0] }))
            return Cluster(
                leader: await equipment.node(on: own), peers: names, addresses: addresses, others: others)
        } catch {
            for node in others { await node.close() }
            throw error
        }
    }

    /// `count` processes of this host, each running `executable node`, which end when this process does.
    ///
    /// - Parameters:
    ///   - threads: threads that each of them may use.
    ///   - arguments: more arguments for each of them.
    public static func spawned(
        _ count: Int, executable: String, threads: Int, transport: any TransportFactory, equipment: NodeEquipment,
        arguments: [String] = []
    ) async throws -> Cluster {
        let processes = try SpawnedNodes(
            names: names(count).map(\.name), executable: executable, threads: threads, arguments: arguments)
        do {
            return try await connected(
                to: processes.addresses, transport: transport, equipment: equipment, processes: processes)
        } catch {
            processes.stop()
            throw error
        }
    }

    /// The nodes that listen at the given addresses.
    ///
    /// - Parameters:
    ///   - member: what this process is called by its certificate, if it has one.
    ///   - certificates: the folder with that, see `TransportOptions`.
    public static func connected(
        to addresses: [String], transport: any TransportFactory, equipment: NodeEquipment, member: String? = nil,
        certificates: String? = nil
    ) async throws -> Cluster {
        try await connected(
            to: addresses, transport: transport, equipment: equipment, member: member, certificates: certificates,
            processes: nil)
    }

    private static func connected(
        to addresses: [String], transport: any TransportFactory, equipment: NodeEquipment, member: String? = nil,
        certificates: String? = nil, processes: SpawnedNodes?
    ) async throws -> Cluster {
        guard !addresses.isEmpty else {
            throw TesseraError(.invalidArgument, "expected the address of at least one node")
        }
        // Several leaders may be connected to the same nodes.
        let suffix = UUID().uuidString.prefix(8).lowercased()
        let name = PeerID(member.map { "\($0)/\(suffix)" } ?? "leader-\(suffix)")
        let started = try await transport.start(
            TransportOptions(information: equipment.information(named: name), certificates: certificates))
        do {
            guard let listening = started as? any ListeningTransport else {
                throw TesseraError(.invalidArgument, "this transport cannot reach nodes by address; use 'kind: tcp'")
            }
            var peers: [PeerID] = []
            for address in addresses {
                let peer = try await listening.connect(to: address)
                guard !peers.contains(peer) else {
                    throw TesseraError(.invalidArgument, "address \(address) leads to node '\(peer)' a second time")
                }
                peers.append(peer)
            }
            return Cluster(
                leader: await equipment.node(on: started), peers: peers,
                addresses: Dictionary(uniqueKeysWithValues: zip(peers, addresses)), processes: processes)
        } catch {
            await started.close()
            throw error
        }
    }

    private static func names(_ count: Int) throws -> [PeerID] {
        guard (1...256).contains(count) else {
            throw TesseraError(.invalidArgument, "expected 1 to 256 nodes, found \(count)")
        }
        return (1...count).map { PeerID("node-\($0)") }
    }

    /// The process of each spawned node, in order; none for other kinds of clusters.
    public var processIdentifiers: [Int32] { processes?.identifiers ?? [] }

    /// Takes leave of all nodes; those that were started for this cluster end.
    public func close() async {
        await leader.close()
        for node in others { await node.close() }
        processes?.stop()
    }
}
