import ArgumentParser
import Foundation
import Tessera

struct ClusterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract: "Shows the nodes of a cluster, and makes the certificates by which its members know each other.",
        subcommands: [Initialize.self, Add.self, Remove.self, ClusterStatusCommand.self])

    struct Initialize: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "init", abstract: "Makes a cluster, with this host as its first member.",
            discussion: """
                DIR gets the cluster's certificate and key (ca.pem, ca.key), and a certificate and key for this host (node.pem, \
                node.key). Whoever has ca.key decides who is a member: keep it to yourself.
                """)

        @Argument(help: ArgumentHelp("The folder of the cluster.", valueName: "dir"))
        var folder: String

        @Option(help: "What this host is called; its host name by default.")
        var name: String?

        func run() throws {
            let member = name ?? String(ProcessInfo.processInfo.hostName.prefix(64))
            let cluster = URL(fileURLWithPath: folder).standardizedFileURL.lastPathComponent
            _ = try ClusterAuthority.create(in: folder, cluster: cluster, member: member)
            print(
                "\(folder): a cluster with the member '\(member)'; 'tessera cluster add NAME --cluster \(folder)' adds others"
            )
        }
    }

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a certificate for one more member.",
            discussion: "The folder that is made is to be copied to the member, which names it with '--certificates'.")

        @Argument(help: "What the member is called.")
        var name: String

        @Option(help: "The folder of the cluster.")
        var cluster = "cluster"

        @Option(name: .shortAndLong, help: "The folder to make; nodes/NAME in the cluster's by default.")
        var output: String?

        @Option(help: "Days for which the certificate is valid.")
        var days = ClusterAuthority.memberDays

        func validate() throws {
            guard (1...36_500).contains(days) else {
                throw ValidationError("'--days' expects 1 to 36500, found \(days)")
            }
        }

        func run() throws {
            let made = try ClusterAuthority(path: cluster).add(name, days: days, into: output)
            let expiry = try made.member().expiry.ISO8601Format()
            print(
                "\(made.path): valid until \(expiry); copy it to '\(name)', and run 'tessera node --certificates FOLDER --listen HOST:PORT' there"
            )
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shuts a member out for good.",
            discussion: """
                All certificates of the member go on the list 'revoked' in the cluster's folder, which the cluster signs. This host \
                hands it to every member that it meets from now on, and they to others; nobody who has it lets the member in. \
                'tessera cluster status' meets all nodes that are up.
                """)

        @Argument(help: "What the member is called.")
        var name: String

        @Option(help: "The folder of the cluster.")
        var cluster = "cluster"

        func run() throws {
            let list = try ClusterAuthority(path: cluster).remove(name)
            print(
                "\(cluster): '\(name)' is removed (list \(list.number)); 'tessera cluster status --certificates \(cluster)' tells the nodes that are up"
            )
        }
    }
}
