import ArgumentParser
import Foundation
import Tessera

/// Who a node is, and how others hear of it.
struct AnnounceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Whether the node announces itself by multicast, 'true' or 'false', or '{interface: NAME, …}': where.",
            valueName: "WHERE"))
    var announce: String?

    @Option(
        help: ArgumentHelp(
            "The folder where a node without a certificate keeps who it is; ~/.local/state/tessera/nodes by default.",
            valueName: "DIR"))
    var state: String?

    /// - Parameters:
    ///   - isOnItsOwn: false for a node that belongs to the process that started it: it keeps nothing and announces nothing, unless
    ///     it is told to.
    func identity(
        _ name: String?, member: ClusterMember?, folder: String?, isOnItsOwn: Bool
    ) throws -> NodeIdentity {
        if let member { return .member(name ?? member.name) }
        let folder = state ?? folder
        guard isOnItsOwn || folder != nil else {
            return .temporary(
                name ?? "\(ProcessInfo.processInfo.hostName)-\(ProcessInfo.processInfo.processIdentifier)")
        }
        return try .kept(name, in: folder.map { URL(fileURLWithPath: $0) } ?? NodeIdentity.standardFolder)
    }

    /// The choice of the command line, or else of the file; nil for the usual one.
    func choice(over file: AnnounceChoice?) throws -> AnnounceChoice? {
        try announce.map { try AnnounceChoice(text: $0, option: "--announce") } ?? file
    }

    /// Nil for a node that does not announce itself.
    ///
    /// - Parameter told: what `choice(over:)` gave.
    func announcer(
        _ told: AnnounceChoice?, for node: Node, _ identity: NodeIdentity, member: ClusterMember?, isOnItsOwn: Bool
    ) async throws -> Announcer? {
        guard let settings = (told ?? (isOnItsOwn ? .settings(DiscoverySettings()) : .nothing)).settings,
            let address = (node.transport as? any ListeningTransport)?.listenAddress,
            let port = address.split(separator: ":").last.flatMap({ Int($0) })
        else { return nil }
        do {
            return try await Announcer(settings, listening: address) {
                let status = await node.status
                return NodeBeacon(
                    node.transport.information, cluster: member?.cluster ?? "", identity: identity.identity,
                    port: port, interval: settings.interval, state: status.state, weights: status.weightSummary)
            }
        } catch let error as TesseraError where told == nil {
            // Nobody asked for it, and the node can be reached at its address.
            note("note: the node does not announce itself: \(error)")
            return nil
        }
    }
}

/// Whether and where a node announces itself: `true`, `false`, or `{interface: eth0}`.
enum AnnounceChoice: ConfigurationValue, Equatable {
    case nothing
    case settings(DiscoverySettings)

    var settings: DiscoverySettings? {
        if case .settings(let settings) = self { settings } else { nil }
    }

    /// What stands after an option on the command line.
    init(text: String, option: String) throws {
        try self.init(configuration: YAMLReader.parse(text, file: option))
    }

    init(configuration: Configuration) throws {
        switch configuration.content {
        case .bool(let isWanted): self = isWanted ? .settings(DiscoverySettings()) : .nothing
        case .map: self = .settings(try DiscoverySettings(configuration: configuration))
        default: throw configuration.unexpected("true, false or a map with the group and the interface")
        }
    }

    var configuration: Configuration {
        switch self {
        case .nothing: false.configuration
        case .settings(let settings): settings == DiscoverySettings() ? true.configuration : settings.configuration
        }
    }

    static var typeDescription: String { "true, false, or a map with the group and the interface" }
    static var schema: ConfigurationSchema { .either([.boolean, ConfigurationSchema(DiscoverySettings.self)]) }
}
