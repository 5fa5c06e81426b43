import CTesseraPlugin
import TesseraCluster
import TesseraCore

/// Starts a library's transport.
struct PluginTransportFactory: TransportFactory {
    private let library: PluginLibrary
    private let options: PluginOptionValues

    init(_ library: PluginLibrary, _ options: PluginOptionValues) { (self.library, self.options) = (library, options) }

    func start(_ options: TransportOptions) async throws -> any Transport {
        try await PluginTransport.start(library, self.options, options)
    }
}
