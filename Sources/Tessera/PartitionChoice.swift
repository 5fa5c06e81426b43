import TesseraCluster
import TesseraCore
import TesseraPartition

/// A strategy by name with its options: `{strategy: fused-grid, tiles: [2, 2], up_to: conv8}`.
public struct PartitionChoice: Sendable, Equatable {
    public var strategy: String
    /// What the strategy itself understands.
    public var options: Configuration
    /// The layer at which the span ends at the latest.
    public var upTo: String?
    /// The file that says what the nodes are and what joins them; nil for nodes that are all alike.
    public var cluster: String?

    public static let defaultStrategy = "vertical"

    public init(
        strategy: String = defaultStrategy, options: Configuration = .empty, upTo: String? = nil,
        cluster: String? = nil
    ) {
        (self.strategy, self.options, self.upTo, self.cluster) = (strategy, options, upTo, cluster)
    }

    /// Cuts a network by this choice.
    ///
    /// - Throws: `invalidArgument` for a number of nodes that cannot be, or that is not that of the cluster's file.
    public func plan(_ graph: BoundGraph, nodes: Int, strategies: Registry<any PartitionStrategy>) throws -> Plan {
        let planner = try planner(graph, nodes: nodes, strategies: strategies)
        return try planner(Array(0..<nodes))
    }

    /// What cuts a network by this choice for some of the nodes, those whose numbers it is given.
    ///
    /// - Throws: `invalidArgument` for a number of nodes that cannot be, or that is not that of the cluster's file.
    public func planner(
        _ graph: BoundGraph, nodes: Int, strategies: Registry<any PartitionStrategy>
    ) throws -> RecoveringTask.Planner {
        let (name, end) = (strategy, upTo)
        let strategy = try strategies.make(name, options)
        guard let cluster else {
            try Plan.checkNodeCount(nodes)
            return { try Plan(graph, nodes: $0.count, strategy: strategy, named: name, end: end) }
        }
        let profile = try ClusterProfile(path: cluster)
        guard profile.nodes.count == nodes else {
            throw TesseraError(
                .invalidArgument,
                "expected \(profile.nodes.count) nodes, as many as '\(cluster)' has, found \(nodes)")
        }
        return { try Plan(graph, on: profile.keeping($0).cluster, strategy: strategy, named: name, end: end) }
    }
}

extension PartitionChoice: ConfigurationValue {
    public init(configuration: Configuration) throws {
        if case .string(let name) = configuration.content {
            self.init(strategy: name)
            return
        }
        let entries = try configuration.entries(expecting: "a strategy's name, or {strategy: NAME, …}")
        func text(_ key: String) throws -> String? { try configuration[key].map(String.init(configuration:)) }
        self.init(
            strategy: try text("strategy") ?? Self.defaultStrategy,
            options: Configuration(
                .map(entries.filter { !["strategy", "up_to", "cluster"].contains($0.key) }), at: configuration.location),
            upTo: try text("up_to"), cluster: try text("cluster"))
    }

    public var configuration: Configuration {
        let own =
            [("strategy", strategy.configuration)] + (upTo.map { [("up_to", $0.configuration)] } ?? [])
            + (cluster.map { [("cluster", $0.configuration)] } ?? [])
        let entries = (try? options.entries()) ?? []
        return Configuration(.map(own.map { Configuration.Entry($0.0, $0.1) } + entries))
    }

    public static var typeDescription: String { "a strategy's name, or a map with its options" }
    public static var schema: ConfigurationSchema {
        .choice(
            of: Modules.builtin.strategies, key: "strategy", isRequired: false, beside: Span.keys.map(\.description))
    }

    /// What a choice has beside the strategy's own options.
    private struct Span: Configurable {
        var upTo: String?
        var cluster: String?

        static var keys: [Key<Self>] {
            [
                Key("up_to", \.upTo, "the layer at which what is cut ends at the latest"),
                Key("cluster", \.cluster, "the file that says what the nodes are and what joins them"),
            ]
        }
    }
}
