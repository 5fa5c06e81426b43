import TesseraCore

extension CostModel {
    /// The stages that leave everything to one device: none for the leader; a node is sent the picture and makes all that can be made
    /// elsewhere.
    ///
    /// - Parameter endpoint: see `ClusterProfile.device(at:)`.
    public func singleDevicePlan(at endpoint: Int, of span: Span) -> [StageChoice] {
        guard endpoint != cluster.leaderEndpoint, let output = span.allCutPoints.last else { return [] }
        let tile = TileChoice(node: endpoint, region: Region(whole: graph.shapes[output]))
        return [StageChoice(output: output, tiles: [tile])]
    }

    /// Those devices of which no two are alike, and equally near to the leader: what holds for one holds for its like.
    public var singleDevices: [Int] {
        var distinct: [(device: Device, link: Link?)] = []
        return (0..<cluster.endpointCount).filter { endpoint in
            var device = cluster.device(at: endpoint)
            device.name = ""
            let isLeader = endpoint == cluster.leaderEndpoint
            let link = isLeader ? nil : cluster.link(between: endpoint, and: cluster.leaderEndpoint)
            guard !distinct.contains(where: { $0.device == device && $0.link == link }) else { return false }
            distinct.append((device, link))
            return true
        }
    }

    /// The device on which one picture takes the least time all by itself, among those that have the memory.
    ///
    /// - Returns: nil if no device has.
    public func bestSingleDevice(
        pictures: Int = 1, slowdowns: [Int: Double] = [:]
    ) throws -> (endpoint: Int, simulation: Simulation)? {
        let span = try Span(graph)
        return try singleDevices.compactMap { endpoint in
            let plan = try Plan(
                graph, nodes: cluster.nodes.count, choices: singleDevicePlan(at: endpoint, of: span),
                strategy: "single")
            guard memoryProblems(of: plan).isEmpty else { return nil }
            return (endpoint, try plan.simulated(with: self, pictures: pictures, slowdowns: slowdowns))
        }
        .min { $0.simulation.duration < $1.simulation.duration }
    }
}
