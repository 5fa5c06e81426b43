import TesseraCluster
import TesseraCore
import TransportTCP

/// The nodes of a deployment: a list of addresses, `discover`, or both.
public struct NodesChoice: Sendable, Equatable {
    /// Where nodes listen, `host:port`.
    public var addresses: [String]
    /// Nil if the addresses are all there is.
    public var discovery: DiscoveryChoice?
    /// Where addresses stand in a file, by address.
    private let places: [String: SourceLocation]

    public init(addresses: [String] = [], discovery: DiscoveryChoice? = nil) {
        self.init(addresses: addresses, discovery: discovery, places: [:])
    }

    private init(addresses: [String], discovery: DiscoveryChoice?, places: [String: SourceLocation]) {
        (self.addresses, self.discovery, self.places) = (addresses, discovery, places)
    }

    public static func == (a: NodesChoice, b: NodesChoice) -> Bool {
        a.addresses == b.addresses && a.discovery == b.discovery
    }

    /// Checks that every address is one of TCP's, by which nodes are asked whatever else they do.
    ///
    /// - Parameter kind: the transport that is to use them: those of plugins have addresses of their own.
    /// - Throws: `invalidArgument` with the place of the first that is none.
    public func checkAddresses(for kind: String = "tcp") throws {
        guard ["tcp", "multicast"].contains(kind) else { return }
        for address in addresses {
            try locatingErrors(path: "nodes", at: places[address]) { _ = try TCPAddress(address) }
        }
    }

    public var isEmpty: Bool { addresses.isEmpty && discovery == nil }

    /// The members of a deployment that these are.
    ///
    /// - Parameter transport: the name of the transport that is to use the addresses.
    /// - Throws: as `checkAddresses`.
    public func members(for transport: String?) throws -> Deployment.Members {
        try checkAddresses(for: transport ?? "tcp")
        guard let discovery else { return .addresses(addresses) }
        return .discovered(discovery, addresses: addresses)
    }
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
        guard addresses.count <= count ?? .max else {
            throw TesseraError(
                .invalidArgument,
                "expected 'count' to be at least \(addresses.count), the number of addresses, found \(count ?? 0)")
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
        func places(in list: Configuration?) -> [String: SourceLocation] {
            guard let list, case .list(let items) = list.content else { return [:] }
            return Dictionary(
                items.compactMap { item in
                    guard let text = try? String(configuration: item), let location = item.location else { return nil }
                    return (text, location)
                }, uniquingKeysWith: { first, _ in first })
        }
        switch configuration.content {
        case .string(Self.word): self.init(discovery: DiscoveryChoice())
        case .string(let address) where address.contains(":"): self.init(addresses: [address])
        case .map:
            let choice = try DiscoveryChoice(configuration: configuration)
            self.init(
                addresses: choice.addresses, discovery: choice.discover ? choice : nil,
                places: places(in: configuration["addresses"]))
        case .list:
            self.init(
                addresses: try [String](configuration: configuration), discovery: nil, places: places(in: configuration)
            )
        default: throw configuration.unexpected(Self.typeDescription)
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
