import ArgumentParser
import Foundation
import Tessera

struct ClusterStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows the nodes of a cluster: what they are, do and hold.",
        discussion: """
            The nodes are those of the deployment file, or, without one, those that announce themselves. Each is asked over the \
            connection that its certificate verifies; one that cannot be reached is shown as such. Whoever is asked is also \
            handed the list of members that were removed.
            """)

    @Argument(
        help: "A deployment file, for its nodes and certificates; all nodes that announce themselves if left out.")
    var deployment: String?

    @OptionGroup var security: SecurityOptions

    @Option(help: "The network interface on which nodes announce themselves; all if left out.")
    var interface: String?

    @Option(help: "Where nodes announce themselves: an IPv4 multicast address and a port.")
    var group: String?

    @Option(help: "Seconds to listen for nodes that announce themselves.")
    var wait: Double?

    @Flag(help: "Print one JSON object on standard output; with '--watch' one a second, each on a line.")
    var json = false

    @Flag(help: "Show the nodes anew every second, until Ctrl-C.")
    var watch = false

    func validate() throws {
        guard wait.map({ (0.1...3600).contains($0) }) ?? true else {
            throw ValidationError("'--wait' expects 0.1 to 3600 seconds, found \(wait ?? 0)")
        }
    }

    func run() async throws {
        startLogging(default: .error)
        let stop = StopSignals()
        let file = try deployment.map(DeploymentFile.init(path:))
        var nodes = file?.nodes ?? NodesChoice(discovery: DiscoveryChoice())
        guard !nodes.isEmpty else {
            throw TesseraError(
                .invalidArgument,
                "'\(deployment ?? "")' names no nodes: list their addresses under 'nodes:', or say 'nodes: discover'")
        }
        if let interface { nodes.discovery?.interface = interface }
        if let group { nodes.discovery?.group = group }
        if let wait { nodes.discovery?.wait = wait }
        let certificates = security.choice(over: file?.security)
        let observer = try await ClusterObserver.start(nodes, security: certificates)
        let look = Task { [nodes] in
            // Nodes announce themselves about once a second.
            if let discovery = nodes.discovery, !watch { try await observer.listen(for: discovery) }
            var told: [String: String] = [:]
            repeat {
                try show(
                    StatusReport(await observer.look()), for: nodes, isMember: certificates != nil, told: &told)
                guard watch else { break }
                try await Task.sleep(for: .seconds(1))
            } while !Task.isCancelled
        }
        let interruption = Task { [requests = stop.requests] in
            for await _ in requests { break }
            look.cancel()
        }
        let result = await look.result
        interruption.cancel()
        await observer.close()
        if case .failure(let error) = result, !(error is CancellationError) { throw error }
    }

    /// - Parameter told: by address, why nodes could not be reached when they were shown last.
    private func show(
        _ report: StatusReport, for nodes: NodesChoice, isMember: Bool, told: inout [String: String]
    ) throws {
        // Asked to stop while nodes were asked.
        try Task.checkCancellation()
        if json {
            try watch ? printLine(report) : printJSON(report)
            return
        }
        let clear = watch && isatty(STDOUT_FILENO) == 1 ? "\u{1B}[H\u{1B}[2J" : ""
        FileHandle.standardOutput.write(Data("\(clear)\(report)\n\(watch ? "\n" : "")".utf8))
        if report.nodes.isEmpty, let discovery = nodes.discovery, !watch {
            note(
                isMember
                    ? "note: no node of this cluster announces itself to \(discovery.group)"
                    : "note: no node without a certificate announces itself to \(discovery.group); '--certificates DIR' shows those of a cluster"
            )
        }
        let reasons = Dictionary(report.nodes.map { ($0.address, $0.error) }, uniquingKeysWith: { first, _ in first })
        if !clear.isEmpty { told = [:] }
        // Once, while it stays the same and stays on the screen.
        for node in report.nodes where node.error != nil && node.error != told[node.address] {
            note("note: \(node.name ?? node.address) cannot be reached: \(node.error ?? "")")
        }
        told = reasons.compactMapValues(\.self)
    }

    private func printLine(_ report: StatusReport) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        FileHandle.standardOutput.write(try encoder.encode(report) + Data("\n".utf8))
    }
}
