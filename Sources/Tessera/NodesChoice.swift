import TesseraCluster
import TesseraCore

/// The nodes of a deployment: a list of addresses, `discover`, or both.
public struct NodesChoice: Sendable, Equatable {
    /// Where nodes listen, `host:port`.
    public var addresses: [String]
    /// Nil if the addresses are all there is.
    public var discovery: DiscoveryChoice?

    public init(addresses: [String] = [], discovery: DiscoveryChoice? = nil) {
        (self.addresses, self.discovery) = (addresses, discovery)
    }

    public var isEmpty: Bool { addresses.isEmpty && discovery == nil }
}

/// How nodes are looked for: `{discover: true, count: 4, interface: eth0}`.
public struct DiscoveryChoice: Configurable, Equatable {
    public var discover = true
    public var addresses: [String] = []
    public var count: Int?
    public var wait = 3.0
    public var group = DiscoverySettings().group
    public var interface: String?

    public init() {}

    public static let keys: [Key<DiscoveryChoice>] = [
        Key("discover", \.discover, "whether nodes that announce themselves are taken"),
        Key("addresses", \.addresses, "the addresses of nodes that must be there, host:port"),
        Key("count", \.count, "how many nodes there must be in all; as many as are found if left out"),
        Key("wait", \.wait, "seconds to look for them"),
        Key("group", \.group, "where nodes announce themselves: an IPv4 multicast address and a port"),
        Key("interface", \.interface, "the network interface that leads to the nodes; all if left out"),
    ]

    /// Where nodes are listened for.
    public var settings: DiscoverySettings {
        var settings = DiscoverySettings()
        (settings.group, settings.interface) = (group, interface)
        return settings
    }

    public func validate() throws {
        try settings.validate()
        guard count.map({ (1...256).contains($0) }) ?? true else {
            throw TesseraError(.invalidArgument, "expected 'count' from 1 to 256, found \(count ?? 0)")
        }
        guard (0.1...3600).contains(wait) else {
            throw TesseraError(.invalidArgument, "expected 'wait' from 0.1 to 3600 seconds, found \(wait)")
        }
        guard discover || (count == nil && !addresses.isEmpty) else {
            throw TesseraError(.invalidArgument, "without 'discover: true', expected 'addresses', and no 'count'")
        }
    }
}

extension NodesChoice: ConfigurationValue {
    private static let word = "discover"

    public init(configuration: Configuration) throws {
        switch configuration.content {
        case .string(Self.word): self.init(discovery: DiscoveryChoice())
        case .map:
            let choice = try DiscoveryChoice(configuration: configuration)
            self.init(addresses: choice.addresses, discovery: choice.discover ? choice : nil)
        default: self.init(addresses: try [String](configuration: configuration))
        }
    }

    public var configuration: Configuration {
        guard var discovery else { return addresses.configuration }
        discovery.addresses = addresses
        return discovery == DiscoveryChoice() ? Self.word.configuration : discovery.configuration
    }

    public static var typeDescription: String {
        "list of addresses, 'discover', or a map that says how nodes are looked for"
    }
    public static var schema: ConfigurationSchema {
        .either([.list(.string), .string, ConfigurationSchema(DiscoveryChoice.self)])
    }
}
