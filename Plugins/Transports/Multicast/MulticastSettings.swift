import TesseraCluster
import TesseraCore
import TransportTCP

/// The settings of multicast transports: what stands beside `kind: multicast` in a deployment file.
public struct MulticastSettings: Configurable, Equatable {
    public var group = "239.77.0.1:6003"
    public var interface = "lo"
    public var timeToLive = 1
    public var rate = 400.0
    public var congestionControl = false
    public var segment: Int?
    public var block = 64
    public var parity = 16
    public var proactiveParity = 0
    public var repairBuffer = 16 << 20
    public var socketBuffer = 4 << 20
    public var window = 32 << 20
    public var confirmTimeout = 4.0
    public var retry = 300.0
    public var rejoin = 1.0
    public var tcp = TCPSettings()

    public init() {}

    public static let keys: [Key<MulticastSettings>] = [
        Key("group", \.group, "the group that all members join: an IPv4 multicast address and a port"),
        Key("interface", \.interface, "the network interface that leads to the other members"),
        Key("ttl", \.timeToLive, "routers that packets may cross, plus 1"),
        Key("rate", \.rate, "megabits per second to send at, or at most with congestion control"),
        Key("congestion_control", \.congestionControl, "whether to send slower when packets are lost (TFMCC)"),
        Key(
            "segment", \.segment,
            "bytes of content in a packet; as many as the interface carries, up to 1400, if left out"),
        Key("fec_block", \.block, "packets that are repaired together, by any packets that are made for them"),
        Key("fec_parity", \.parity, "packets that can be made to repair a block"),
        Key("auto_parity", \.proactiveParity, "repair packets that are sent with each block before anybody asks"),
        Key("repair_buffer", \.repairBuffer, "bytes that are kept for repair, for each sender"),
        Key("socket_buffer", \.socketBuffer, "bytes that the system may hold of packets on their way in and out"),
        Key("window", \.window, "bytes that are sent before all members have confirmed what came before"),
        Key(
            "confirm_timeout", \.confirmTimeout,
            "seconds, beyond what sending takes, after which a member that confirms nothing is fed by TCP"),
        Key("retry", \.retry, "seconds after which such a member is tried by multicast again"),
        Key(
            "rejoin", \.rejoin,
            "seconds after which the group is joined again when nothing could be sent to it; longer if that happens often"
        ),
        Key("tcp", \.tcp, "the settings of the connections beside, as for 'kind: tcp'"),
    ]

    public func validate() throws {
        _ = try MulticastGroup(group)
        try require("ttl", timeToLive, 1...255)
        try require("rate", rate, 0.01...100_000)
        if let segment { try require("segment", segment, 64...8000) }
        try require("fec_block", block, 1...200)
        try require("fec_parity", parity, 0...(255 - block))
        try require("auto_parity", proactiveParity, 0...parity)
        try require("repair_buffer", repairBuffer, 1 << 16...1 << 30)
        try require("socket_buffer", socketBuffer, 1 << 12...1 << 30)
        try require("window", window, 1 << 16...1 << 30)
        try require("confirm_timeout", confirmTimeout, 0.01...3600)
        try require("retry", retry, 0...86_400)
        try require("rejoin", rejoin, 0.01...3600)
        try tcp.validate()
    }

    private func require<Value: Comparable>(_ key: String, _ value: Value, _ range: ClosedRange<Value>) throws {
        guard range.contains(value) else {
            throw TesseraError(
                .invalidArgument, "expected '\(key)' from \(range.lowerBound) to \(range.upperBound), found \(value)")
        }
    }
}
