import TesseraCore

/// The devices of a cluster and what joins them, as it is written in a file.
///
/// ```yaml
/// tessera: 1
/// leader: {macs_per_second: 4.0e+10}
/// nodes:
///   - {name: kitchen, profile: kitchen.json}
///   - {name: attic, macs_per_second: 2.0e+10, memory: 512MiB, count: 3}
/// links: {bandwidth: 1Gbit/s, latency: 0.2ms}
/// between: [{nodes: [kitchen, attic], bandwidth: 100Mbit/s}]
/// ```
public struct ClusterFile: Configurable {
    /// Tessera's format version.
    public var version = 1
    public var leader = LeaderChoice.device(DeviceEntry())
    public var nodes: [DeviceEntry] = []
    public var links = LinkEntry()
    public var between: [PairEntry] = []

    public init() {}

    public static let keys: [Key<ClusterFile>] = [
        Key(required: "tessera", \.version, "the version of the format, 1"),
        Key("leader", \.leader, "where requests arrive: a device, or the name of one of the nodes"),
        Key(required: "nodes", \.nodes, "the devices that compute, in the order in which plans count them"),
        Key("links", \.links, "what joins any two of them"),
        Key("between", \.between, "what joins some of them instead"),
    ]

    public func validate() throws {
        guard version == 1 else { throw TesseraError(.notSupported, "expected 'tessera: 1', found \(version)") }
    }
}

/// One device, or several that are alike.
public struct DeviceEntry: Configurable, ConfigurationValue, Equatable {
    public var name: String?
    /// A file that `tessera profile` wrote.
    public var profile: String?
    public var multiplyAccumulatesPerSecond = 4e10
    public var memoryBandwidth = Bandwidth(20e9)
    /// Measured on one core, cut after every layer: 0.4 ns a byte for ResNet-50, whose tiles a cache holds, 0.7 for DnCNN over 512x512.
    public var tileBandwidth = Bandwidth(2e9)
    /// Measured with two nodes of one core each, connected by TCP: 0.5 to 1 ms between the slower node's end of one stage and the
    /// beginning of the next, the time of the pieces themselves left out.
    public var tileTime = TimeSpan(5e-4)
    /// How many times as fast it is as all else says.
    public var speed = 1.0
    /// What the network may take there; nil for any amount.
    public var memory: MemorySize?
    public var count = 1

    public init() {}

    public static let keys: [Key<DeviceEntry>] = [
        Key("name", \.name, "what it is called; node-1, node-2 … if left out"),
        Key("profile", \.profile, "what was measured there, a file that 'tessera profile' wrote"),
        Key(
            "macs_per_second", \.multiplyAccumulatesPerSecond,
            "multiply-accumulate operations a second, for layers that were not measured"),
        Key(
            "memory_bandwidth", \.memoryBandwidth,
            "bytes a second that a layer reads and writes, if it was not measured"),
        Key(
            "tile_bandwidth", \.tileBandwidth,
            "bytes a second that get into a tile and out of it, besides what its layers take"),
        Key("tile_time", \.tileTime, "what every tile takes besides: messages, and waking up for them"),
        Key("speed", \.speed, "how many times as fast it is as its profile or its operations a second say"),
        Key("memory", \.memory, "what weights and activations may take there; any amount if left out"),
        Key("count", \.count, "how many of them there are; they are called NAME-1, NAME-2 …"),
    ]

    public static var typeDescription: String { "a device" }

    public func validate() throws {
        guard speed.isFinite, (1e-6...1e6).contains(speed) else {
            throw TesseraError(.invalidArgument, "expected a 'speed' from 0.000001 to 1000000, found \(speed)")
        }
        guard (1e3...1e18).contains(multiplyAccumulatesPerSecond) else {
            throw TesseraError(
                .invalidArgument,
                "expected 'macs_per_second' from 1e3 to 1e18, found \(multiplyAccumulatesPerSecond)")
        }
        guard (1e3...1e18).contains(memoryBandwidth.value) else {
            throw TesseraError(
                .invalidArgument, "expected a 'memory_bandwidth' from 1kB/s to 1e9 GB/s, found \(memoryBandwidth)")
        }
        guard (1e3...1e18).contains(tileBandwidth.value) else {
            throw TesseraError(
                .invalidArgument, "expected a 'tile_bandwidth' from 1kB/s to 1e9 GB/s, found \(tileBandwidth)")
        }
        guard (0...3600).contains(tileTime.value) else {
            throw TesseraError(.invalidArgument, "expected a 'tile_time' from 0s to 3600s, found \(tileTime)")
        }
        guard memory.map({ (1...1e18).contains($0.value) }) ?? true else {
            throw TesseraError(
                .invalidArgument, "expected 'memory' from 1B to 1e9 GB, found \(memory?.description ?? "")")
        }
        guard (1...ClusterProfile.nodeLimit).contains(count) else {
            throw TesseraError(
                .invalidArgument, "expected a 'count' from 1 to \(ClusterProfile.nodeLimit), found \(count)")
        }
        guard name != "" else { throw TesseraError(.invalidArgument, "expected a 'name' of at least one character") }
    }
}

/// Where requests arrive.
public enum LeaderChoice: ConfigurationValue, Equatable {
    case device(DeviceEntry)
    /// One of the nodes, by name.
    case node(String)

    public init(configuration: Configuration) throws {
        if case .string(let name) = configuration.content {
            self = .node(name)
        } else {
            self = .device(try DeviceEntry(configuration: configuration))
        }
    }

    public var configuration: Configuration {
        switch self {
        case .device(let device): device.configuration
        case .node(let name): name.configuration
        }
    }
    public static var typeDescription: String { "a device, or the name of a node" }
    public static var schema: ConfigurationSchema { .either([.text, DeviceEntry.schema]) }
}

/// What joins two devices, in each direction.
public struct LinkEntry: Configurable, ConfigurationValue, Equatable {
    public var bandwidth = Bandwidth(125e6)
    public var latency = TimeSpan(2e-4)
    public var loss = 0.0

    public init() {}

    public static let keys: [Key<LinkEntry>] = [
        Key("bandwidth", \.bandwidth, "bytes or bits a second"),
        Key("latency", \.latency, "from when the last byte is sent until it is there"),
        Key("loss", \.loss, "the part of all packets that is lost, from 0 to 0.99; they are sent again"),
    ]

    public static var typeDescription: String { "a link" }

    public func validate() throws { try link.check() }

    var link: Link { Link(bandwidth: bandwidth.value, latency: latency.value, loss: loss) }
}

/// What joins the devices of a list, in place of what joins all others.
public struct PairEntry: Configurable, ConfigurationValue, Equatable {
    public var nodes: [String] = []
    public var bandwidth: Bandwidth?
    public var latency: TimeSpan?
    public var loss: Double?

    public init() {}

    public static let keys: [Key<PairEntry>] = [
        Key(required: "nodes", \.nodes, "two names of nodes, or 'leader'; a name with a count stands for all of them"),
        Key("bandwidth", \.bandwidth, "as in 'links', which holds if left out"),
        Key("latency", \.latency, "as in 'links', which holds if left out"),
        Key("loss", \.loss, "as in 'links', which holds if left out"),
    ]

    public static var typeDescription: String { "a link between two nodes" }

    public func validate() throws {
        guard nodes.count == 2 else {
            throw TesseraError(.invalidArgument, "expected two names under 'nodes', found \(nodes.count)")
        }
        try link(over: Link()).check()
    }

    func link(over base: Link) -> Link {
        Link(
            bandwidth: bandwidth?.value ?? base.bandwidth, latency: latency?.value ?? base.latency,
            loss: loss ?? base.loss)
    }
}
