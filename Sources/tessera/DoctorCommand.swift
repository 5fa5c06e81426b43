import ArgumentParser
import Foundation
import Tessera

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Tells what is wrong with this host's set-up, and what to do about it.",
        discussion: """
            With a deployment file, this host is looked at as its leader, and the nodes that it names are asked. With '--node' and a \
            node's file, it is looked at as that node. Exits with 1 if something does not work.
            """)

    @Argument(help: "The deployment file.")
    var deployment: String?

    @Option(help: ArgumentHelp("The configuration file of a node on this host.", valueName: "FILE"))
    var node: String?

    @Option(help: "The transport's name, or '{kind: NAME, …}' with its settings; see 'tessera plugins'.")
    var transport: String?

    @OptionGroup var security: SecurityOptions

    @Flag(help: "Print one JSON object on standard output.")
    var json = false

    private struct Report: Encodable {
        let isWell: Bool
        let findings: [Finding]

        enum CodingKeys: String, CodingKey {
            case isWell = "well"
            case findings
        }
    }

    func validate() throws {
        guard deployment == nil || node == nil else {
            throw ValidationError("a deployment file and '--node' exclude each other")
        }
    }

    func run() async throws {
        startLogging(default: .critical)
        let findings = await Doctor(try await setup()).examine()
        let isWell = !findings.contains { $0.status == .error }
        if json { try printJSON(Report(isWell: isWell, findings: findings)) } else { print(findings) }
        if !isWell { throw ExitCode(1) }
    }

    private func setup() async throws -> Doctor.Setup {
        let choice = try transport.map { try TransportChoice(text: $0, option: "--transport") }
        if let deployment {
            let file = try DeploymentFile(path: deployment)
            var setup = Doctor.Setup(
                transport: choice ?? file.transport, security: security.choice(over: file.security))
            setup.nodes = file.nodes.addresses
            if let choice = file.nodes.discovery {
                let discovery = try NodeDiscovery(
                    choice.settings, cluster: setup.security.map { try $0.member().cluster })
                let found = try await discovery.nodes(count: choice.count, within: .seconds(choice.wait))
                let others = found.compactMap(\.addresses.first).filter { !setup.nodes.contains($0) }
                setup.nodes += others
                setup.findings += shortage(of: choice, setup.nodes.count)
            }
            if !FileManager.default.fileExists(atPath: file.network) {
                setup.findings.append(
                    .error(
                        "network", "there is no file '\(file.network)'",
                        remedy: "correct 'network' in '\(deployment)'; paths are relative to that file"))
            }
            return setup
        }
        let file = try node.map(NodeFile.init(path:))
        var setup = Doctor.Setup(transport: choice ?? file?.transport, security: security.choice(over: file?.security))
        (setup.name, setup.listen) = (file?.name, file?.listen)
        if let settings = file?.announce?.settings {
            do { _ = try NodeDiscovery(settings, cluster: nil) } catch {
                setup.findings.append(
                    .warning(
                        "announce", "\(error)",
                        remedy: "name the interface that leads to the leader under 'announce'; 'ip address' lists them")
                )
            }
        }
        return setup
    }

    /// What is to be said if fewer nodes were found than are wanted.
    private func shortage(of choice: DiscoveryChoice, _ count: Int) -> [Finding] {
        let wanted = choice.count ?? 1
        guard count < wanted else { return [] }
        let place = choice.interface.map { " on '\($0)'" } ?? ""
        return [
            .error(
                "nodes",
                "expected \(wanted) node\(wanted == 1 ? "" : "s") to announce themselves to \(choice.group)\(place) within \(choice.wait) s, found \(count)",
                remedy:
                    "look whether 'tessera node' runs there with 'announce' to the same group, has a certificate of this cluster, and whether "
                    + "multicast passes (firewalls, IGMP snooping without a querier)")
        ]
    }

    private func print(_ findings: [Finding]) {
        let width = findings.map(\.check.count).max() ?? 0
        for finding in findings {
            let mark =
                finding.status == .ok
                ? "ok     " : finding.status.rawValue.padding(toLength: 7, withPad: " ", startingAt: 0)
            let check = finding.check.padding(toLength: width, withPad: " ", startingAt: 0)
            Swift.print("\(mark)  \(check)  \(finding.message)")
            if let remedy = finding.remedy {
                Swift.print(String(repeating: " ", count: 9 + width + 2) + "→ \(remedy)")
            }
        }
    }
}
