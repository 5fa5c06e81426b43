import TesseraCluster
import TesseraCore

/// Starts TCP transports.
public struct TCPTransportFactory: TransportFactory {
    public let settings: TCPSettings

    public init(settings: TCPSettings = TCPSettings()) { self.settings = settings }

    public func start(_ options: TransportOptions) async throws -> any Transport {
        try await TCPTransport.start(options, settings: settings)
    }

    public static let module = Module<any TransportFactory>(
        TCPSettings.self, name: "tcp",
        summary: "a TCP connection to each peer; off loopback with TLS 1.3 and certificates"
    ) { TCPTransportFactory(settings: $0) }
}
