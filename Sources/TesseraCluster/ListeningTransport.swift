/// A transport that may listen on an address, of which others need to know.
public protocol ListeningTransport: Transport {
    /// `host:port` as bound, with the port that was chosen for port 0; nil if it does not listen.
    var listenAddress: String? { get }

    /// Connects to one more peer and says who it is. A peer that is connected already is no error.
    @discardableResult
    func connect(to address: String) async throws -> PeerID
}
