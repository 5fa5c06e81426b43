import ArgumentParser
import Tessera
import TesseraScript

/// Modules beside those that are built in.
struct PluginOptions: ParsableArguments {
    @Option(
        name: .customLong("plugin"),
        help: ArgumentHelp("Add the modules of a plugin, a script or a shared library.", valueName: "FILE"))
    var plugins: [String] = []

    /// All modules. Plugins that are found in folders and cannot be loaded are told of, and left out.
    ///
    /// - Parameters:
    ///   - others: the plugins that files name.
    ///   - script: the options of a script that is run, whose limits hold for plugins that are scripts.
    func modules(
        _ others: [String] = [], for script: ScriptEngine.Options = ScriptEngine.Options()
    ) throws -> Modules {
        var modules = try Self.builtin(for: script).loading(plugins: plugins + others)
        for refused in modules.load(foundBy: PluginSearch()) {
            note("warning: the plugin '\(refused.path)' is left out: \(refused.reason)")
        }
        return modules
    }

    /// All modules, where every plugin is tried in a process of its own before it is loaded into this one.
    ///
    /// - Parameter seconds: how long loading one may take.
    /// - Returns: the modules, and the plugins that are left out.
    func tried(seconds: Double) -> (modules: Modules, refused: [RefusedPlugin]) {
        var modules = Self.builtin
        var refused: [RefusedPlugin] = []
        for path in plugins + PluginSearch().files(for: modules.pluginLoaders) {
            if let reason = PluginTrial.failure(loading: path, seconds: seconds) {
                refused.append(RefusedPlugin(path: path, reason: reason))
                continue
            }
            do {
                try modules.load(plugins: [path])
            } catch {
                refused.append(RefusedPlugin(path: path, error: error))
            }
        }
        return (modules, refused)
    }

    /// The modules without plugins, with all that loads plugins.
    static var builtin: Modules { builtin(for: ScriptEngine.Options()) }

    private static func builtin(for script: ScriptEngine.Options) -> Modules {
        var modules = Modules.builtin
        modules.pluginLoaders.append(ScriptPluginLoader(for: script))
        return modules
    }
}
