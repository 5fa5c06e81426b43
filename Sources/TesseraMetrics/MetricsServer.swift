import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import TesseraCluster
import TesseraCore

/// Answers `GET /metrics` with numbers in the Prometheus text format, over HTTP/1.1.
public final class MetricsServer: Sendable {
    /// Where it listens, `host:port`.
    public let address: String
    private let listener: any Channel

    private init(address: String, listener: any Channel) { (self.address, self.listener) = (address, listener) }

    /// Listens at an address.
    ///
    /// - Parameter metrics: gives the numbers whenever somebody asks for them.
    /// - Throws: `inputOutput` for an address that cannot be listened on.
    public static func start(
        _ address: MetricsAddress, metrics: @escaping @Sendable () async -> [MetricFamily]
    ) async throws -> MetricsServer {
        let connections = ConnectionCount(limit: 32)
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try connections.add(channel)
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(MetricsHandler(metrics))
                }
            }
        do {
            let listener = try await bootstrap.bind(host: address.host, port: address.port).get()
            let port = listener.localAddress?.port ?? address.port
            return MetricsServer(address: "\(address.host):\(port)", listener: listener)
        } catch {
            let reason =
                switch error {
                case let error as IOError where error.errnoCode == EADDRINUSE: "the address is in use"
                case let error as IOError: String(cString: strerror(error.errnoCode))
                case is SocketAddressError: "the host has no address"
                default: "\(error)"
                }
            throw TesseraError(.inputOutput, "cannot listen on '\(address)' for metrics: \(reason)")
        }
    }

    public func close() async { try? await listener.close() }
}
