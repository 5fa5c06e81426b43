import TesseraCore

extension Cluster {
    /// This process and those that its transport brought, of which none comes later. This one leads and takes its share of the work.
    public static func joined(_ transport: any Transport, equipment: NodeEquipment) async -> Cluster {
        let peers = [transport.localPeer] + transport.peers.map(\.peer)
        return Cluster(leader: await equipment.node(on: transport), peers: peers, addresses: [:])
    }
}
