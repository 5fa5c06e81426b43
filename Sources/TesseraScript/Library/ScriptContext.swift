import Tessera

/// What the bindings of one script share: the modules, to which the script may add its own.
final class ScriptContext {
    var modules: Modules
    /// The modules that the script added.
    var registrations: [ScriptRegistration] = []

    init(modules: Modules) { self.modules = modules }

    /// Loads a plugin for the script of those options.
    func load(plugin path: String, for script: ScriptEngine.Options) throws {
        modules.pluginLoaders.removeAll { $0 is ScriptPluginLoader }
        modules.pluginLoaders.append(ScriptPluginLoader(for: script))
        try modules.load(plugins: [path])
    }
}
