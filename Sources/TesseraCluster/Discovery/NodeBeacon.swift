import Foundation
import TesseraCore

/// What a node announces of itself by multicast, about once a second: where it listens, and what it is.
///
/// ```
/// packet  magic (8 bytes: "TESSNODE"), version (u32, big endian), the node in JSON; 1200 bytes at most
/// ```
/// Nothing in it is authenticated. It is a hint where a node may be found; who that is, and everything that is relied on, comes from
/// the connection that is made to it.
public struct NodeBeacon: Sendable, Codable, Equatable {
    public struct Weights: Sendable, Codable, Equatable {
        public var count: Int
        public var byteCount: Int
        /// Of all their hashes; equal for nodes that hold the same.
        public var digest: String

        public init(count: Int = 0, byteCount: Int = 0, digest: String = "") {
            (self.count, self.byteCount, self.digest) = (count, byteCount, digest)
        }
    }

    /// The fingerprint of the cluster's authority; empty for nodes without certificates.
    public var cluster: String
    /// The same whenever the node is started, see `NodeIdentity`.
    public var identity: String
    /// This run of the node.
    public var instance: UUID
    /// Counts the announcements of this run.
    public var number: UInt64
    public var name: PeerID
    /// The TCP port that it listens on. The address is the one that the packet comes from.
    public var port: Int
    /// Seconds until the next announcement, about.
    public var interval: Double
    public var state: NodeState
    public var wireVersion: UInt32
    public var build: String
    public var cores: Int
    public var instructionSet: String
    /// Bytes of the machine's memory.
    public var memory: Int
    public var precisions: [String]
    public var weights: Weights

    /// - Parameters:
    ///   - information: what the node tells its peers; cores, memory and so on are taken from it.
    public init(
        _ information: PeerInformation, cluster: String, identity: String, port: Int, interval: Double,
        number: UInt64 = 0, state: NodeState = .idle, weights: Weights = Weights()
    ) {
        (self.cluster, self.identity, self.port, self.interval) = (cluster, identity, port, interval)
        (self.number, self.state, self.weights) = (number, state, weights)
        (instance, name) = (information.instance, information.peer)
        (wireVersion, build) = (information.wireVersion, information.build)
        (cores, instructionSet) = (information.cores, information.instructionSet)
        (memory, precisions) = (information.memory, information.precisions)
    }

    static let magic = Array("TESSNODE".utf8)
    static let version: UInt32 = 1
    /// Bytes of the largest packet: it must not be cut into fragments.
    static let packetLimit = 1200
    static let intervals = 0.05...60.0

    /// The packet.
    ///
    /// - Throws: `limitExceeded` if it would be too large.
    public func packet() throws -> [UInt8] {
        let body = try JSONEncoder().encode(self)
        let packet = Self.magic + WireFormat.bigEndianBytes(Self.version) + body
        guard packet.count <= Self.packetLimit else {
            throw TesseraError(
                .limitExceeded,
                "what node '\(name)' announces takes \(packet.count) bytes, more than \(Self.packetLimit)")
        }
        return packet
    }

    /// Reads a packet, whoever sent it.
    ///
    /// - Throws: `protocolViolation` for anything but what a node of this version sends.
    public init(packet: some Collection<UInt8>) throws {
        let bytes = Array(packet)
        let start = Self.magic.count + 4
        guard bytes.count > start, bytes.count <= Self.packetLimit, bytes.starts(with: Self.magic) else {
            throw TesseraError(.protocolViolation, "a packet of \(bytes.count) bytes is no announcement")
        }
        let version = WireFormat.bigEndian(bytes[Self.magic.count..<start], as: UInt32.self)
        guard version == Self.version else {
            throw TesseraError(
                .protocolViolation, "expected an announcement of version \(Self.version), found version \(version)")
        }
        do {
            self = try JSONDecoder().decode(NodeBeacon.self, from: Data(bytes[start...]))
            try name.validate()
        } catch {
            throw TesseraError(.protocolViolation, "an announcement cannot be read", cause: error)
        }
        try validate()
    }

    private func validate() throws {
        let texts = [cluster, identity, build, instructionSet, weights.digest] + precisions
        let arePrintable = texts.allSatisfy { text in
            text.utf8.count <= 128
                && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
        }
        let counts = [cores, memory, weights.count, weights.byteCount]
        guard arePrintable, !identity.isEmpty, (1...65535).contains(port), Self.intervals.contains(interval),
            counts.allSatisfy({ (0...1 << 50).contains($0) })
        else {
            throw TesseraError(.protocolViolation, "an announcement has values that cannot be")
        }
    }
}

extension PeerInformation {
    static let memoryKey = "memory"
    static let precisionsKey = "precisions"
    static let identityKey = "identity"

    /// Bytes of the machine's memory; 0 if it was not told.
    public var memory: Int { capabilities[Self.memoryKey].flatMap { Int($0) } ?? 0 }
    /// In which precisions it computes.
    public var precisions: [String] {
        capabilities[Self.precisionsKey].map { $0.split(separator: " ").map(String.init) } ?? []
    }
    /// The same whenever the peer is started, if it has an identity.
    public var identity: String? { capabilities[Self.identityKey] }
}
