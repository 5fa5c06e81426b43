import ArgumentParser
import Foundation
import Tessera

struct LinksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "links", abstract: "Measures what joins the nodes of a deployment, for the file of a cluster.",
        discussion: """
            Messages go between the leader and every node and between any two nodes, over the deployment's transport. What is \
            written with '-o' is a file for 'tessera simulate --cluster' and 'tessera plan --cluster', see docs/planning.md.
            """)

    @Argument(help: "The deployment file.")
    var deployment: String

    @OptionGroup var members: MemberOptions

    @Option(
        name: .customLong("profile"),
        help: ArgumentHelp(
            "What 'tessera profile' wrote on a node or on the leader, or on all of them, for the cluster's file.",
            valueName: "[DEVICE=]FILE"))
    var profiles: [String] = []

    @Option(name: .shortAndLong, help: "The cluster's file to write.")
    var output: String?

    @Flag(help: "Print one JSON object on standard output.")
    var json = false

    func validate() throws {
        guard profiles.isEmpty || output != nil else { throw ValidationError("'--profile' is for '--output'") }
    }

    private struct Report: Encodable {
        struct Row: Encodable {
            let devices: [String]
            let latency_ms: Double
            let bytes_per_second: Double
            /// Whether the two do not reach each other, so that all goes by way of the leader.
            let through_leader: Bool
        }
        let links: [Row]
    }

    func run() async throws {
        startLogging(default: .warning)
        let file = try DeploymentFile(path: deployment)
        let cluster = try await members.members(of: file).cluster(
            transport: members.transport(of: file), security: members.security(of: file), threads: file.threads)
        let links: [MeasuredLink]
        do {
            links = try await cluster.measureLinks()
        } catch {
            await cluster.close()
            throw error
        }
        await cluster.close()
        if let output {
            try writeFile(ClusterFile(cluster, links: links, profiles: devices(of: cluster)).yaml, to: output)
        }
        func name(_ peer: PeerID) -> String { cluster.peers.contains(peer) ? peer.name : ClusterFile.leaderName }
        for link in links {
            guard let reason = link.detour else { continue }
            note("note: \(link.ends.map(name).joined(separator: " and ")) are joined by way of the leader: \(reason)")
        }
        guard !json else {
            return try printJSON(
                Report(
                    links: links.map {
                        Report.Row(
                            devices: $0.ends.map(name), latency_ms: $0.link.latency * 1e3,
                            bytes_per_second: $0.link.bandwidth, through_leader: $0.detour != nil)
                    }))
        }
        var table = TextTable(header: ["devices", "latency", "bandwidth"])
        for link in links {
            table.add([
                link.ends.map(name).joined(separator: ", "), String(format: "%.3f ms", link.link.latency * 1e3),
                String(format: "%.1f Mbit/s", link.link.bandwidth * 8e-6),
            ])
        }
        print(table)
    }

    /// The files of profiles by device, relative to the file that is written where they lie beside it.
    private func devices(of cluster: Cluster) throws -> [String: String] {
        let folder = URL(fileURLWithPath: output ?? "").deletingLastPathComponent().standardizedFileURL.path + "/"
        let names = Set(cluster.peers.map(\.name))
            .union(cluster.peers.contains(cluster.leader.name) ? [] : [ClusterFile.leaderName])
        var result: [String: String] = [:]
        for profile in profiles {
            let parts = profile.split(separator: "=", maxSplits: 1).map(String.init)
            // A file's name may have the sign in it, too.
            let isNamed = parts.count == 2 && !FileManager.default.fileExists(atPath: profile)
            let path = URL(fileURLWithPath: isNamed ? parts[1] : profile).standardizedFileURL.path
            _ = try DeviceProfile(path: path)
            let written = path.hasPrefix(folder) ? String(path.dropFirst(folder.count)) : path
            for device in isNamed ? [parts[0]] : names { result[device] = written }
        }
        return result
    }
}
