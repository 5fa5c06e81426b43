import Tessera

/// Loads plugins that are Lua scripts, which register modules with `tessera.register`.
///
/// Everything that is made of such a module runs the script anew in a state of its own, so that nothing is shared.
public struct ScriptPluginLoader: PluginLoader {
    public var fileExtensions: [String] { ["lua"] }

    private let options: ScriptEngine.Options

    /// - Parameter script: the options of the script that the plugins work for, whose limits are theirs, and whose time they share.
    public init(for script: ScriptEngine.Options = ScriptEngine.Options()) { options = script.ofPlugin }

    public func load(_ path: String, into modules: inout Modules) throws {
        let registrations = try ScriptPlugin(path, options).registrations
        guard !registrations.isEmpty else {
            throw TesseraError(
                .invalidArgument,
                "'\(path)': expected a script that registers a module with 'tessera.register', found none")
        }
        for registration in registrations { try registration.add(&modules, path, options) }
    }
}
