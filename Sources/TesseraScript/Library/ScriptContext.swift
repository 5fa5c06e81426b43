import Tessera

/// What the bindings of one script share: the modules, to which the script may add its own.
final class ScriptContext {
    var modules: Modules
    /// The modules that the script added.
    var registrations: [ScriptRegistration] = []

    init(modules: Modules) { self.modules = modules }

    /// Gives the script's limits to plugins that are loaded from here on, of which libraries are refused unless it is trusted.
    func adopt(_ options: ScriptEngine.Options) {
        if !options.isTrusted, let index = modules.pluginLoaders.firstIndex(where: { $0 is SharedLibraryLoader }) {
            modules.pluginLoaders[index] = LibraryRefusal()
        }
        modules.pluginLoaders.removeAll { $0 is ScriptPluginLoader }
        modules.pluginLoaders.append(ScriptPluginLoader(for: options))
    }
}
