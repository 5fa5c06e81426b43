import TesseraCore

/// Starts peers within this process. All that are started from one factory meet, whatever their addresses.
public struct LoopbackTransportFactory: TransportFactory {
    private let hub: LoopbackHub

    public init(hub: LoopbackHub = LoopbackHub()) { self.hub = hub }

    public func start(_ options: TransportOptions) async throws -> any Transport {
        try hub.join(options.information)
    }

    public static let module = Module<any TransportFactory>(
        name: "loopback", summary: "peers of one process, without a network"
    ) { configuration in
        if let entry = try configuration.entries().first {
            throw TesseraError(
                .invalidArgument, "unknown key '\(entry.key)'; a loopback transport has none",
                location: entry.keyLocation)
        }
        return LoopbackTransportFactory()
    }
}
