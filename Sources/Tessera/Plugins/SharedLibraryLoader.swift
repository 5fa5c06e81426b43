import TesseraCore
import TesseraPlugins

/// Loads plugins that are shared libraries, see `tessera_plugin.h`.
public struct SharedLibraryLoader: PluginLoader {
    public let fileExtensions = ["so"]

    public init() {}

    /// Adds the module of a library.
    ///
    /// - Throws: the reason why the file is no plugin that can be used, or `invalidArgument` if the name is taken.
    public func load(_ path: String, into modules: inout Modules) throws {
        let library = try PluginLibrary.load(path)
        try locatingErrors(path: path) {
            switch library.module {
            case .strategy(let module): try modules.strategies.register(module)
            case .metric(let module): try modules.saliencyMetrics.register(module)
            case .transport(let module): try modules.transports.register(module)
            case .codec(let module): try modules.weightCodecs.register(module)
            case .operator(let module): try modules.operators.register(module)
            }
        }
    }
}
