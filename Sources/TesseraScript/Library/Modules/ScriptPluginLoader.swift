import Tessera

/// Loads plugins that are Lua scripts, which register modules with `tessera.register`.
///
/// Everything that is made of such a module runs the script anew in a state of its own, so that nothing is shared.
public struct ScriptPluginLoader: PluginLoader {
    public var fileExtensions: [String] { ["lua"] }

    public init() {}

    public func load(_ path: String, into modules: inout Modules) throws {
        let registrations = try ScriptPlugin(path).registrations
        guard !registrations.isEmpty else {
            throw TesseraError(
                .invalidArgument,
                "'\(path)': expected a script that registers a module with 'tessera.register', found none")
        }
        for registration in registrations { try registration.add(&modules, path) }
    }
}
