import ArgumentParser
import Foundation
import Logging
import Tessera

struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node", abstract: "Runs a compute node until it is stopped.",
        discussion:
            "CONFIG is a YAML file with the keys plugins, name, listen, threads, transport, security, limits, cache, metrics, announce and state; options go before it."
    )

    @Argument(help: "The node's configuration file.")
    var config: String?

    @Option(help: "What the node is called; by default as its certificate says, or the host's name.")
    var name: String?

    @Option(help: "The address to listen on, host:port; port 0 takes any free one.")
    var listen: String?

    @Option(help: "The transport's name, or '{kind: NAME, …}' with its settings; see 'tessera plugins'.")
    var transport: String?

    @OptionGroup var threads: ThreadOptions
    @OptionGroup var security: SecurityOptions
    @OptionGroup var plugins: PluginOptions

    @Option(
        help: ArgumentHelp(
            "Answer GET /metrics in the Prometheus text format: a port of 127.0.0.1, or host:port.", valueName: "PORT"))
    var metrics: String?

    @Option(
        help: ArgumentHelp(
            "The folder where weights are kept: they outlive the node, and take less of its memory.", valueName: "DIR"))
    var cache: String?

    @OptionGroup var announcing: AnnounceOptions

    @Flag(help: "Print the node's name and address as JSON on one line when it is ready.")
    var json = false

    @Flag(help: "Stop when standard input ends, as it does when the process that started this one ends.")
    var untilInputEnds = false

    func run() async throws {
        startLogging(default: untilInputEnds ? .error : .info)
        keepMemory()
        let file = try config.map(NodeFile.init(path:)) ?? NodeFile()
        let modules = try plugins.modules(file.plugins)
        let equipment = try NodeEquipment(
            modules, options: CompileOptions(threads: threads.threads ?? file.threads ?? threads.count),
            limits: file.limits,
            archive: try (cache ?? file.cache).map(WeightFolder.init))
        let certificates = security.choice(over: file.security)
        let member = try certificates?.member()
        let announcement = try announcing.choice(over: file.announce)
        let identity = try announcing.identity(
            name ?? file.name, member: member, folder: file.state, isOnItsOwn: !untilInputEnds)
        let own = identity.name
        let choice = try transport.map { try TransportChoice(text: $0, option: "--transport") } ?? file.transport
        let transport = try await modules.transports.make(choice.kind, choice.settings).start(
            TransportOptions(
                information: equipment.information(named: PeerID(own), identity: identity.identity),
                listen: listen ?? file.listen,
                certificates: certificates?.certificates))
        let node = await equipment.node(on: transport)
        var server: MetricsServer?
        do {
            if let address = try metrics.map({ try MetricsAddress($0) }) ?? file.metrics {
                server = try await Self.serveMetrics(of: node, at: address)
            }
        } catch {
            await node.close()
            throw error
        }
        let address = (transport as? any ListeningTransport)?.listenAddress ?? "-"
        if json {
            let line = try JSONEncoder().encode(NodeAnnouncement(node: own, address: address, metrics: server?.address))
            FileHandle.standardOutput.write(line + Data("\n".utf8))
        } else {
            note(
                "node '\(own)' listens on \(address), \(equipment.options.threads) threads, \(equipment.backend.instructionSet)"
            )
            if let server { note("metrics at http://\(server.address)/metrics") }
        }
        let announcer = try await announcing.announcer(
            announcement, for: node, identity, member: member, isOnItsOwn: !untilInputEnds)
        let watch = Task { try await Self.watch(member) }
        await waitForTheEnd()
        watch.cancel()
        await server?.close()
        await announcer?.close()
        await node.close()
    }

    /// Tells of what makes a member's certificate worth nothing, now or soon, once a day.
    private static func watch(_ member: ClusterMember?) async throws {
        guard let member else { return }
        let logger = Logger(label: "tessera.node")
        for (path, mode) in member.folder.exposedKeys {
            logger.warning("others can read or change a key", metadata: ["file": "\(path)", "mode": "\(mode)"])
        }
        while true {
            if let notice = member.expiryNotice() { logger.warning("\(notice)") }
            let left = max(0, member.expiry.timeIntervalSinceNow)
            // Once more when it ends.
            try await Task.sleep(for: .seconds(left > 0 ? min(86_400, left + 1) : 86_400))
        }
    }

    static func serveMetrics(of node: Node, at address: MetricsAddress) async throws -> MetricsServer {
        try await MetricsServer.start(address) { await node.metrics() }
    }

    /// Returns when the process is asked to stop.
    private func waitForTheEnd() async {
        let stop = StopSignals()
        if untilInputEnds {
            let continuation = stop.continuation
            Thread.detachNewThread {
                while let data = try? FileHandle.standardInput.read(upToCount: 4096), !data.isEmpty {}
                continuation.yield()
            }
        }
        for await _ in stop.requests { break }
    }
}

/// The configuration of one node.
struct NodeFile: Configurable {
    var plugins: [String] = []
    var name: String?
    var listen = "127.0.0.1:6003"
    var threads: Int?
    var transport = TransportChoice(kind: "tcp")
    var security: SecurityChoice?
    var limits = NodeLimits()
    var metrics: MetricsAddress?
    var announce: AnnounceChoice?
    var state: String?
    var cache: String?

    static let keys: [Key<NodeFile>] = [
        Key("plugins", \.plugins, "plugins, scripts or shared libraries, whose modules are known by name here"),
        Key("name", \.name, "what the node is called"),
        Key("listen", \.listen, "the address to listen on, host:port"),
        Key("threads", \.threads, "threads for kernels; all cores if left out"),
        Key("transport", \.transport, "the transport and its settings"),
        Key("security", \.security, "the certificates, which everything off loopback needs"),
        Key("limits", \.limits, "what the node takes on at most"),
        Key(
            "metrics", \.metrics, "where to answer GET /metrics: a port of 127.0.0.1, or host:port; nowhere if left out"
        ),
        Key(
            "cache", \.cache, "the folder where weights are kept, so that they outlive the node; in memory if left out"),
        Key("announce", \.announce, "whether and where the node announces itself by multicast"),
        Key("state", \.state, "the folder where a node without a certificate keeps who it is"),
    ]

    init() {}

    /// Reads a node's file; the paths in it become relative to where the process runs.
    init(path: String) throws {
        let configuration = try YAMLReader.read(path)
        if case .null = configuration.content {
            throw TesseraError(
                .invalidArgument, "'\(path)' says nothing: without a file, a node has the defaults of all keys")
        }
        try self.init(configuration: configuration)
        let resolve = PathComponents.resolver(of: path)
        plugins = plugins.map(resolve)
        security = security?.resolved(resolve)
        state = state.map(resolve)
        cache = cache.map(resolve)
    }

    func validate() throws {
        guard threads.map({ (1...1024).contains($0) }) ?? true else {
            throw TesseraError(.invalidArgument, "expected 'threads' from 1 to 1024, found \(threads ?? 0)")
        }
    }
}
