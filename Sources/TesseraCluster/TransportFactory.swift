import Logging
import TesseraCore

/// Starts transports of one kind: what `transport: {kind: …}` names. Its settings are the module's configuration.
public protocol TransportFactory: Sendable {
    /// Joins the network as the peer that `options` describe.
    ///
    /// Returns once this peer listens and is connected to every address in `options.peers`.
    /// - Throws: a `TesseraError` that names the address, if one cannot be listened on or reached.
    func start(_ options: TransportOptions) async throws -> any Transport
}

/// Who joins a network, and where.
public struct TransportOptions: Sendable {
    /// What the other peers are told.
    public var information: PeerInformation
    /// The address to accept peers on, `host:port` with port 0 for any free one; nil to accept none.
    public var listen: String?
    /// The addresses of peers to connect to, `host:port`.
    public var peers: [String]
    public var logger: Logger

    public init(
        information: PeerInformation, listen: String? = nil, peers: [String] = [],
        logger: Logger = Logger(label: "tessera.transport")
    ) {
        self.information = information
        self.listen = listen
        self.peers = peers
        self.logger = logger
    }
}

/// A transport that may listen on an address, of which others need to know.
public protocol ListeningTransport: Transport {
    /// `host:port` as bound, with the port that was chosen for port 0; nil if it does not listen.
    var listenAddress: String? { get }

    /// Connects to one more peer and says who it is. A peer that is connected already is no error.
    @discardableResult
    func connect(to address: String) async throws -> PeerID
}
