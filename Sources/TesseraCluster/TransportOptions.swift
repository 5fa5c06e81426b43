import Logging

/// Who joins a network, and where.
public struct TransportOptions: Sendable {
    /// What the other peers are told.
    public var information: PeerInformation
    /// The address to accept peers on, `host:port` with port 0 for any free one; nil to accept none.
    public var listen: String?
    /// The addresses of peers to connect to, `host:port`.
    public var peers: [String]
    /// The folder with this member's certificate, its key and the cluster's certificate; nil to trust whoever reaches this host, which
    /// is for loopback addresses only.
    public var certificates: String?
    public var logger: Logger

    public init(
        information: PeerInformation, listen: String? = nil, peers: [String] = [], certificates: String? = nil,
        logger: Logger = Logger(label: "tessera.transport")
    ) {
        self.information = information
        self.listen = listen
        self.peers = peers
        self.certificates = certificates
        self.logger = logger
    }
}
