import Foundation
import TesseraCluster
import TesseraCore
import TesseraNetwork
import TesseraPartition

extension ClusterFile {
    /// What the leader is called in the file of a cluster.
    public static let leaderName = "leader"

    /// The cluster whose links were measured. What joins any two devices is the median of all links; what each pair has follows.
    ///
    /// - Parameters:
    ///   - profiles: by the name of a device, the file of its profile.
    /// - Throws: `notFound` for a profile of a device that there is not.
    public init(_ cluster: Cluster, links measured: [MeasuredLink], profiles: [String: String] = [:]) throws {
        self.init()
        let leader = cluster.leader.name
        func name(_ peer: PeerID) -> String {
            peer == leader && !cluster.peers.contains(leader) ? Self.leaderName : peer.name
        }
        nodes = cluster.peers.map { peer in
            var entry = DeviceEntry()
            (entry.name, entry.profile) = (peer.name, profiles[peer.name])
            return entry
        }
        if cluster.peers.contains(leader) {
            self.leader = .node(leader.name)
        } else {
            var entry = DeviceEntry()
            entry.profile = profiles[Self.leaderName]
            self.leader = .device(entry)
        }
        let names = nodes.compactMap(\.name) + [name(leader)]
        for device in profiles.keys.sorted() where !names.contains(device) {
            throw TesseraError(
                .notFound,
                "expected a profile of one of the devices, found one of '\(device)'"
                    + suggestion(for: device, among: names))
        }
        guard !measured.isEmpty else { return }
        links.bandwidth = Bandwidth(Self.median(measured.map(\.link.bandwidth)).rounded(digits: 3))
        links.latency = TimeSpan(Self.median(measured.map(\.link.latency)).rounded(digits: 3))
        guard measured.count > 1 else { return }
        between = measured.map { measured in
            var entry = PairEntry()
            entry.nodes = measured.ends.map(name)
            entry.bandwidth = Bandwidth(measured.link.bandwidth.rounded(digits: 3))
            entry.latency = TimeSpan(measured.link.latency.rounded(digits: 3))
            return entry
        }
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    /// The file's text, with a line for every device and every link.
    public var yaml: String {
        get throws {
            let lines = try configuration.entries().flatMap { entry in
                guard case .list(let elements) = entry.value.content else {
                    return YAMLWriter.lines(entry.key, entry.value)
                }
                return ["\(entry.key):"] + elements.map { "  - " + YAMLWriter.flow($0) }
            }
            return lines.joined(separator: "\n") + "\n"
        }
    }
}

extension Double {
    /// To so many digits that count.
    fileprivate func rounded(digits: Int) -> Double { Double(String(format: "%.\(digits)g", self)) ?? self }
}
