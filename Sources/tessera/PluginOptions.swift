import ArgumentParser
import Tessera
import TesseraScript

/// Modules beside those that are built in.
struct PluginOptions: ParsableArguments {
    @Option(
        name: .customLong("plugin"),
        help: ArgumentHelp("Add the modules of a plugin, a script or a shared library.", valueName: "FILE"))
    var plugins: [String] = []

    /// All modules.
    ///
    /// - Parameter others: the plugins that files name.
    func modules(_ others: [String] = []) throws -> Modules {
        var modules = Modules.builtin
        modules.pluginLoaders.append(ScriptPluginLoader())
        try modules.load(plugins: plugins + others)
        return modules
    }
}
