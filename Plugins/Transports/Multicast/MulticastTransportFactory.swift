import TesseraCluster
import TesseraCore

/// Starts multicast transports.
public struct MulticastTransportFactory: TransportFactory {
    public let settings: MulticastSettings

    public init(settings: MulticastSettings = MulticastSettings()) { self.settings = settings }

    public func start(_ options: TransportOptions) async throws -> any Transport {
        try await MulticastTransport.start(options, settings: settings)
    }

    public static let module = Module<any TransportFactory>(
        MulticastSettings.self, name: "multicast",
        summary:
            "what goes to all nodes once by multicast (NORM, RFC 5740), the rest by TCP; off loopback with certificates"
    ) { MulticastTransportFactory(settings: $0) }
}
