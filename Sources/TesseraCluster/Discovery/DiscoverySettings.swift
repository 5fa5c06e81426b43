import TesseraCore

/// Where nodes announce themselves, and where they are listened for.
public struct DiscoverySettings: Configurable, ConfigurationValue, Equatable {
    public var group = "239.77.0.2:6003"
    /// Nil for all that lead to where the node listens.
    public var interface: String?
    public var timeToLive = 1
    public var interval = 1.0

    public init() {}

    public static let typeDescription = "a map with the group and the interface"

    public static let keys: [Key<DiscoverySettings>] = [
        Key("group", \.group, "where announcements go: an IPv4 multicast address and a port"),
        Key("interface", \.interface, "the network interface to use; all of them if left out"),
        Key("ttl", \.timeToLive, "routers that announcements may cross, plus 1"),
        Key("interval", \.interval, "seconds between two announcements, about"),
    ]

    public func validate() throws {
        _ = try MulticastGroup(group)
        guard (1...255).contains(timeToLive) else {
            throw TesseraError(.invalidArgument, "expected 'ttl' from 1 to 255, found \(timeToLive)")
        }
        guard NodeBeacon.intervals.contains(interval) else {
            throw TesseraError(
                .invalidArgument,
                "expected 'interval' from \(NodeBeacon.intervals.lowerBound) to \(NodeBeacon.intervals.upperBound), found \(interval)"
            )
        }
    }
}
