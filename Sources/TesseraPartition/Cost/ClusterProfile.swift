import TesseraCore

/// What is known of one device.
public struct Device: Sendable, Equatable {
    public var name: String
    /// Multiply-accumulate operations a second, for layers that were not measured.
    public var multiplyAccumulatesPerSecond: Double
    /// Bytes a second that a layer reads and writes, for layers that were not measured.
    public var memoryBandwidth: Double
    /// Bytes a second that get into a tile and out of it, besides what its layers take; infinite if that costs nothing.
    public var tileBandwidth: Double
    /// Seconds that every tile takes besides, for messages and for waking up for them.
    public var tileTime: Double
    /// How many times as fast it is as all else says.
    public var speed: Double
    /// Bytes that weights and activations may take; nil for any amount.
    public var memory: Double?
    /// What was measured there.
    public var profile: DeviceProfile?

    public init(
        name: String, multiplyAccumulatesPerSecond: Double = 4e10, memoryBandwidth: Double = 20e9,
        tileBandwidth: Double = .infinity, tileTime: Double = 0, speed: Double = 1, memory: Double? = nil,
        profile: DeviceProfile? = nil
    ) {
        self.name = name
        self.multiplyAccumulatesPerSecond = multiplyAccumulatesPerSecond
        self.memoryBandwidth = memoryBandwidth
        (self.tileBandwidth, self.tileTime) = (tileBandwidth, tileTime)
        (self.speed, self.memory, self.profile) = (speed, memory, profile)
    }
}

/// What joins two devices, in each direction.
public struct Link: Sendable, Equatable {
    /// Bytes a second.
    public var bandwidth: Double
    /// Seconds.
    public var latency: Double
    /// The part of all packets that is lost.
    public var loss: Double

    public init(bandwidth: Double = 125e6, latency: Double = 2e-4, loss: Double = 0) {
        (self.bandwidth, self.latency, self.loss) = (bandwidth, latency, loss)
    }

    /// The seconds that an interface is busy with so many bytes. What is lost is sent again until it arrives: with a loss of p that
    /// is 1 / (1 - p) times on average.
    public func seconds(for bytes: Int) -> Double { Double(bytes) / (bandwidth * (1 - loss)) }

    func check() throws {
        guard (1...1e15).contains(bandwidth) else {
            throw TesseraError(
                .invalidArgument, "expected a 'bandwidth' from 1B/s to 1e6 GB/s, found \(Bandwidth(bandwidth))")
        }
        guard (0...1e4).contains(latency) else {
            throw TesseraError(.invalidArgument, "expected a 'latency' from 0 to 10000 s, found \(TimeSpan(latency))")
        }
        guard (0...0.99).contains(loss) else {
            throw TesseraError(.invalidArgument, "expected a 'loss' from 0 to 0.99, found \(loss)")
        }
    }
}

/// The devices at hand and what joins them: what plans are made for and simulated on.
public struct ClusterProfile: Sendable {
    public static let nodeLimit = 4096

    /// The nodes, in the order in which plans count them.
    public private(set) var nodes: [Device]
    /// Where requests arrive and results go, and what runs the layers that are not cut.
    public let leader: Device
    /// Which of the nodes the leader is, if it is one.
    public private(set) var leaderNode: Int?
    /// What joins any two devices.
    public var link: Link
    private var links: [Pair: Link] = [:]

    private struct Pair: Hashable, Sendable {
        let low: Int
        let high: Int

        init(_ a: Int, _ b: Int) { (low, high) = (min(a, b), max(a, b)) }
    }

    /// Nodes and a leader that is none of them.
    public init(nodes: [Device], leader: Device = Device(name: "leader"), link: Link = Link()) {
        (self.nodes, self.leader, leaderNode, self.link) = (nodes, leader, nil, link)
    }

    /// Nodes of which one is the leader, too.
    ///
    /// - Throws: `invalidArgument` if there is no such node.
    public init(nodes: [Device], leaderNode: Int, link: Link = Link()) throws {
        guard nodes.indices.contains(leaderNode) else {
            throw TesseraError(.invalidArgument, "expected a leader from 0 to \(nodes.count - 1), found \(leaderNode)")
        }
        (self.nodes, leader, self.leaderNode, self.link) = (nodes, nodes[leaderNode], leaderNode, link)
    }

    /// So many equal nodes: what is assumed of nodes of which nothing is known.
    public init(equalNodes count: Int) {
        let usual = DeviceEntry()
        self.init(
            nodes: (0..<max(count, 0)).map {
                Device(
                    name: "node-\($0 + 1)", tileBandwidth: usual.tileBandwidth.value, tileTime: usual.tileTime.value)
            })
    }

    /// What a file says.
    ///
    /// - Parameter profile: reads the profile of that path.
    /// - Throws: `invalidArgument` for names that are given twice or that there are not, and what `profile` throws.
    public init(_ file: ClusterFile, profile: (String) throws -> DeviceProfile) throws {
        guard (1...Self.nodeLimit).contains(file.nodes.reduce(0) { $0 + $1.count }) else {
            throw TesseraError(
                .invalidArgument,
                "expected 1 to \(Self.nodeLimit) nodes, found \(file.nodes.reduce(0) { $0 + $1.count })")
        }
        var nodes: [Device] = []
        var members: [String: [Int]] = [:]
        for entry in file.nodes {
            let base = entry.name ?? "node"
            let single = entry.count == 1 && entry.name != nil
            for index in 0..<entry.count {
                // What has no name is called by its place among all nodes.
                let place = entry.name == nil ? nodes.count + 1 : index + 1
                let name = single ? base : "\(base)-\(place)"
                guard members[name] == nil, name != Self.leaderName else {
                    throw TesseraError(.invalidArgument, "expected names that differ, found two nodes named '\(name)'")
                }
                members[name] = [nodes.count]
                if !single, entry.name != nil { members[base, default: []].append(nodes.count) }
                nodes.append(try Device(entry, name: name, profile: profile))
            }
        }
        switch file.leader {
        case .device(let entry):
            self.init(nodes: nodes, leader: try Device(entry, name: entry.name ?? Self.leaderName, profile: profile))
        case .node(let name):
            guard let index = members[name], index.count == 1 else {
                throw TesseraError(
                    .invalidArgument,
                    "expected the leader to be one of the nodes, found '\(name)'"
                        + suggestion(for: name, among: nodes.map(\.name)))
            }
            try self.init(nodes: nodes, leaderNode: index[0])
        }
        link = file.links.link
        members[Self.leaderName] = [leaderEndpoint]
        for entry in file.between {
            let groups = try entry.nodes.map { name in
                guard let group = members[name] else {
                    throw TesseraError(
                        .invalidArgument,
                        "expected names of nodes, found '\(name)'" + suggestion(for: name, among: members.keys))
                }
                return group
            }
            for a in groups[0] { for b in groups[1] where a != b { links[Pair(a, b)] = entry.link(over: link) } }
        }
    }

    private static let leaderName = "leader"
}

// MARK: - Ends of links

extension ClusterProfile {
    /// The number of devices, the leader among them.
    public var endpointCount: Int { nodes.count + (leaderNode == nil ? 1 : 0) }
    /// The leader among the endpoints: the nodes come first, then the leader if it is none of them.
    public var leaderEndpoint: Int { leaderNode ?? nodes.count }
    public func device(at endpoint: Int) -> Device { nodes.indices.contains(endpoint) ? nodes[endpoint] : leader }

    /// The names of all devices, by endpoint.
    public var deviceNames: [String] { (0..<endpointCount).map { device(at: $0).name } }

    /// The device of that name among the endpoints; nil if there is none.
    public func endpoint(named name: String) -> Int? { deviceNames.firstIndex(of: name) }

    /// What devices that are named take longer than is known of them, by endpoint.
    ///
    /// - Throws: `notFound` for a name that no device has.
    public func slowdowns(_ factors: [String: Double]) throws -> [Int: Double] {
        var result: [Int: Double] = [:]
        for (name, factor) in factors.sorted(by: { $0.key < $1.key }) {
            guard let endpoint = endpoint(named: name) else {
                throw TesseraError(
                    .notFound, "unknown device '\(name)'" + suggestion(for: name, among: deviceNames))
            }
            result[endpoint] = factor
        }
        return result
    }

    /// What joins two endpoints.
    public func link(between a: Int, and b: Int) -> Link { links.isEmpty ? link : links[Pair(a, b)] ?? link }

    /// So many of the nodes, the first ones; the leader is among them if it is a node.
    ///
    /// - Returns: the cluster of just these nodes, and by its endpoints what they are among those of this one.
    /// - Throws: `invalidArgument` if there are not as many.
    public func keeping(nodes count: Int) throws -> (cluster: ClusterProfile, endpoints: [Int]) {
        guard (1...max(nodes.count, 1)).contains(count), count <= nodes.count else {
            throw TesseraError(.invalidArgument, "expected 1 to \(nodes.count) nodes of the cluster, found \(count)")
        }
        var kept = Array(0..<count)
        if let leaderNode, leaderNode >= count { kept[count - 1] = leaderNode }
        return keeping(kept)
    }

    /// Some of the nodes, in that order. A leader that is a node and not among them is none of the nodes then.
    ///
    /// - Returns: the cluster of just these nodes, and by its endpoints what they are among those of this one.
    public func keeping(_ kept: [Int]) -> (cluster: ClusterProfile, endpoints: [Int]) {
        var copy = self
        copy.nodes = kept.map { nodes[$0] }
        copy.leaderNode = leaderNode.flatMap { kept.firstIndex(of: $0) }
        copy.links = [:]
        let endpoints = copy.leaderNode == nil ? kept + [leaderEndpoint] : kept
        for (a, first) in endpoints.enumerated() {
            for (b, second) in endpoints.enumerated().dropFirst(a + 1) {
                copy.links[Pair(a, b)] = links[Pair(first, second)]
            }
        }
        return (copy, endpoints)
    }

    /// The same with what joins two endpoints replaced.
    public func replacingLink(between a: Int, and b: Int, with link: Link) -> ClusterProfile {
        var copy = self
        copy.links[Pair(a, b)] = link
        return copy
    }
}

extension Device {
    fileprivate init(_ entry: DeviceEntry, name: String, profile: (String) throws -> DeviceProfile) throws {
        self.init(
            name: name, multiplyAccumulatesPerSecond: entry.multiplyAccumulatesPerSecond,
            memoryBandwidth: entry.memoryBandwidth.value, tileBandwidth: entry.tileBandwidth.value,
            tileTime: entry.tileTime.value, speed: entry.speed, memory: entry.memory?.value,
            profile: try entry.profile.map(profile))
    }
}
