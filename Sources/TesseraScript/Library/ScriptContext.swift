import Tessera

/// What the bindings of one script share: the modules, to which the script may add its own.
final class ScriptContext {
    var modules: Modules
    /// The modules that the script added.
    var registrations: [ScriptRegistration] = []

    /// - Parameter options: those of the script.
    init(modules: Modules, of options: ScriptEngine.Options) {
        self.modules = modules
        self.modules.pluginLoaders.removeAll { $0 is ScriptPluginLoader }
        self.modules.pluginLoaders.append(ScriptPluginLoader(for: options))
    }
}
