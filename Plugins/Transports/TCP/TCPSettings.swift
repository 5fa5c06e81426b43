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
    public var tensorLimit = 1 << 30
    public var tensorsPerMessage = 1 << 16
    public var sendQueue = 8 << 20
    public var receiveQueue = 64 << 20
    /// MiB.
    public var memory: Int?
    public var connections = 1024
    public var strangers = 128

    public init() {}

    public static let typeDescription = "a map with the settings of TCP connections"

    public static let keys: [Key<TCPSettings>] = [
        Key("heartbeat", \.heartbeat, "seconds without anything to send after which a sign of life is sent"),
        Key("silence", \.silence, "seconds without a sign of life after which a peer counts as lost"),
        Key("handshake_timeout", \.handshakeTimeout, "seconds that a new connection has to say who it is"),
        Key("connect_timeout", \.connectTimeout, "seconds to wait for an address to answer"),
        Key("close_timeout", \.closeTimeout, "seconds for peers to read what is queued when closing"),
        Key("frame_limit", \.frameLimit, "bytes of the largest message"),
        Key("tensor_limit", \.tensorLimit, "bytes of the largest tensor in a message"),
        Key("tensors_per_message", \.tensorsPerMessage, "tensors in a message"),
        Key("send_queue", \.sendQueue, "bytes queued for a peer at which senders wait"),
        Key("receive_queue", \.receiveQueue, "bytes of unread messages from a peer at which reading pauses"),
        Key(
            "memory", \.memory,
            "MiB of messages that arrive or are unread, of all peers together; half of the host's memory if left out"),
        Key("connections", \.connections, "connections that may be open at once"),
        Key("strangers", \.strangers, "connections of these whose other end has not said who it is"),
    ]

    public func validate() throws {
        let times = [
            ("heartbeat", heartbeat), ("silence", silence), ("handshake_timeout", handshakeTimeout),
            ("connect_timeout", connectTimeout), ("close_timeout", closeTimeout),
        ]
        for (key, seconds) in times where !(0.001...86_400).contains(seconds) {
            throw TesseraError(
                .invalidArgument, "expected '\(key)' between 0.001 and 86400 seconds, found \(seconds)")
        }
        guard silence >= 2 * heartbeat else {
            throw TesseraError(
                .invalidArgument,
                "expected 'silence' to be at least twice the heartbeat of \(heartbeat) s, found \(silence) s")
        }
        guard [frameLimit, tensorLimit, sendQueue, receiveQueue].allSatisfy({ $0 >= 1024 }) else {
            throw TesseraError(
                .invalidArgument,
                "expected frame_limit, tensor_limit, send_queue and receive_queue of at least 1024 bytes")
        }
        guard memory ?? 1 <= 1 << 30 else {
            throw TesseraError(.invalidArgument, "expected memory of at most \(1 << 30) MiB, found \(memory ?? 0)")
        }
        guard [tensorsPerMessage, memory ?? 1, connections, strangers].allSatisfy({ $0 >= 1 }) else {
            throw TesseraError(
                .invalidArgument, "expected tensors_per_message, memory, connections and strangers of at least 1")
        }
    }

    package var limits: FrameLimits {
        FrameLimits(
            frame: frameLimit, header: min(frameLimit, FrameLimits().header), blobs: tensorsPerMessage,
            blob: tensorLimit)
    }

    /// Bytes of messages that arrive or are unread.
    var memoryByteCount: Int { memory.map { $0 << 20 } ?? HostMemory.byteCount / 2 }
}

extension TimeAmount {
    /// Seconds with a fraction, at least a microsecond.
    static func seconds(_ seconds: Double) -> TimeAmount { .microseconds(Int64(max(1, seconds * 1e6))) }
}
