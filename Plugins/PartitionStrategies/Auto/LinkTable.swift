import TesseraPartition

/// The links of a cluster, to be looked up often.
struct LinkTable {
    private let cluster: ClusterProfile
    private let count: Int
    /// By source and destination; empty if there are too many.
    private let links: [Link]

    /// Endpoints of which all pairs are kept.
    private static let limit = 128

    init(_ cluster: ClusterProfile) {
        self.cluster = cluster
        count = cluster.endpointCount
        let endpoints = 0..<(count <= Self.limit ? count : 0)
        links = endpoints.flatMap { a in endpoints.map { cluster.link(between: a, and: $0) } }
    }

    subscript(source: Int, destination: Int) -> Link {
        links.isEmpty ? cluster.link(between: source, and: destination) : links[source * count + destination]
    }

    /// A link that is no better than any between some nodes.
    func slowest(among nodes: [Int]) -> Link {
        guard !links.isEmpty else { return cluster.link }
        var slowest = cluster.link
        for a in nodes {
            for b in nodes where a < b {
                let link = self[a, b]
                slowest.bandwidth = min(slowest.bandwidth, link.bandwidth)
                slowest.latency = max(slowest.latency, link.latency)
                slowest.loss = max(slowest.loss, link.loss)
            }
        }
        return slowest
    }
}
