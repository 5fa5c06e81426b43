import NIOCore
import TesseraCluster
import TesseraCore

/// The settings of TCP transports: what stands beside `kind: tcp` in a deployment file. Times are in seconds.
public struct TCPSettings: Configurable, ConfigurationValue, Equatable {
    public var heartbeat = 0.1
    public var silence = 0.8
    public var handshakeTimeout = 5.0
    public var connectTimeout = 5.0
    public var closeTimeout = 3.0
    public var frameLimit = 1 << 30
    public var sendQueue = 8 << 20
    public var receiveQueue = 64 << 20

    public init() {}

    public static let typeDescription = "a map with the settings of TCP connections"

    public static let keys: [Key<TCPSettings>] = [
        Key("heartbeat", \.heartbeat, "seconds without anything to send after which a sign of life is sent"),
        Key("silence", \.silence, "seconds without a sign of life after which a peer counts as lost"),
        Key("handshake_timeout", \.handshakeTimeout, "seconds that a new connection has to say who it is"),
        Key("connect_timeout", \.connectTimeout, "seconds to wait for an address to answer"),
        Key("close_timeout", \.closeTimeout, "seconds for peers to read what is queued when closing"),
        Key("frame_limit", \.frameLimit, "bytes of the largest message"),
        Key("send_queue", \.sendQueue, "bytes queued for a peer at which senders wait"),
        Key("receive_queue", \.receiveQueue, "bytes of unread messages from a peer at which reading pauses"),
    ]

    public func validate() throws {
        let times = [heartbeat, silence, handshakeTimeout, connectTimeout, closeTimeout]
        guard times.allSatisfy({ (0.001...86_400).contains($0) }) else {
            throw TesseraError(.invalidArgument, "expected times between 0.001 and 86400 seconds")
        }
        guard silence >= 2 * heartbeat else {
            throw TesseraError(
                .invalidArgument,
                "expected silence to be at least twice the heartbeat of \(heartbeat) s, found \(silence) s")
        }
        guard [frameLimit, sendQueue, receiveQueue].allSatisfy({ $0 >= 1024 }) else {
            throw TesseraError(
                .invalidArgument, "expected frame_limit, send_queue and receive_queue of at least 1024 bytes")
        }
    }

    package var limits: FrameLimits { FrameLimits(frame: frameLimit, header: min(frameLimit, FrameLimits().header)) }
}

extension TimeAmount {
    /// Seconds with a fraction, at least a microsecond.
    static func seconds(_ seconds: Double) -> TimeAmount { .microseconds(Int64(max(1, seconds * 1e6))) }
}
