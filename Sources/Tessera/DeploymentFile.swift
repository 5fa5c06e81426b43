import TesseraCluster
import TesseraCore
import TesseraNetwork
import TesseraPartition
import TesseraRuntime

/// A deployment: which network runs on which nodes, cut how, over which transport.
public struct DeploymentFile: Configurable {
    /// Tessera's format version.
    public var version = 1
    /// Files with further modules.
    public var plugins: [String] = []
    /// The network's file, relative to the deployment's.
    public var network = ""
    /// Another weight file, relative to the deployment's, and how weights are compressed on their way; nil for neither.
    public var weights: WeightsChoice?
    /// That of the layers, on all nodes.
    public var precision = PrecisionChoice()
    /// Whether kernels are measured first, see `KernelCache`.
    public var tune = false
    public var partition = PartitionChoice()
    /// Nil for the usual one.
    public var transport: TransportChoice?
    /// Nil for nodes on this host alone.
    public var security: SecurityChoice?
    public var nodes = NodesChoice()
    /// Threads of the leader and of nodes that are started for this deployment.
    public var threads: Int?
    /// Whether all nodes must add in the same order, so that the result is the single node's to the bit.
    public var exact = true

    public init() {}

    public static let keys: [Key<DeploymentFile>] = [
        Key(required: "tessera", \.version, "the version of the format, 1"),
        Key("plugins", \.plugins, "plugins, scripts or shared libraries, whose modules are known by name here"),
        Key(required: "network", \.network, "the network's file"),
        Key("weights", \.weights, "a weight file in place of the network's own, and how weights go to the nodes"),
        Key("precision", \.precision, "in which numbers layers compute"),
        Key("tune", \.tune, "whether kernels are measured, and the fastest chosen for all nodes"),
        Key("partition", \.partition, "the partition strategy and its options"),
        Key("transport", \.transport, "the transport and its settings"),
        Key("security", \.security, "the certificates, which everything off loopback needs"),
        Key("nodes", \.nodes, "the addresses of nodes, host:port, or 'discover' for those that announce themselves"),
        Key("threads", \.threads, "threads for each node that is started here"),
        Key("exact", \.exact, "whether the result must be the single node's to the bit"),
    ]

    /// Reads a deployment file; the paths in it become relative to where the process runs.
    public init(path: String) throws {
        try self.init(configuration: YAMLReader.read(path))
        let resolve = PathComponents.resolver(of: path)
        plugins = plugins.map(resolve)
        network = resolve(network)
        weights = weights?.resolved(resolve)
        partition.cluster = partition.cluster.map(resolve)
        security = security?.resolved(resolve)
    }

    public func validate() throws {
        guard version == 1 else { throw TesseraError(.notSupported, "expected 'tessera: 1', found \(version)") }
        guard threads.map({ (1...1024).contains($0) }) ?? true else {
            throw TesseraError(.invalidArgument, "expected 'threads' from 1 to 1024, found \(threads ?? 0)")
        }
    }
}
