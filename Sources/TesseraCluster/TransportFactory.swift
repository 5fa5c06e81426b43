import TesseraCore

/// Starts transports of one kind: what `transport: {kind: …}` names. Its settings are the module's configuration.
public protocol TransportFactory: Sendable {
    /// Joins the network as the peer that `options` describe.
    ///
    /// Returns once this peer listens and is connected to every address in `options.peers`.
    /// - Throws: a `TesseraError` that names the address, if one cannot be listened on or reached.
    func start(_ options: TransportOptions) async throws -> any Transport
}
