import TesseraCluster
import TesseraCore
import TesseraRuntime

extension ClusterObserver {
    /// One that looks at the nodes of a deployment, or at all that announce themselves.
    ///
    /// - Parameter security: this process's certificates; nil for nodes without any, on this host.
    public static func start(
        _ nodes: NodesChoice, security: SecurityChoice?, modules: Modules = .builtin
    ) async throws -> ClusterObserver {
        try nodes.checkAddresses()
        let member = try security?.member()
        let equipment = try NodeEquipment(modules)
        // Whatever nodes send each other tensors by, they can be asked by TCP.
        return try await ClusterObserver(
            addresses: nodes.addresses,
            discovery: nodes.discovery.map { try NodeDiscovery($0.settings, cluster: member?.cluster) },
            transport: modules.transports.make("tcp", .empty), equipment: equipment, member: member?.name,
            certificates: security?.certificates)
    }

    /// Waits until as many nodes were heard as a deployment wants, or the time is over that it gives them.
    public func listen(for choice: DiscoveryChoice) async throws {
        try await listen(for: choice.count, within: .seconds(choice.wait))
    }
}
