import Tessera

/// What the bindings of one script share: the modules, to which the script may add its own.
final class ScriptContext {
    var modules: Modules
    /// The modules that the script added.
    var registrations: [ScriptRegistration] = []

    init(modules: Modules) {
        self.modules = modules
        if !modules.pluginLoaders.contains(where: { $0 is ScriptPluginLoader }) {
            self.modules.pluginLoaders.append(ScriptPluginLoader())
        }
    }
}
