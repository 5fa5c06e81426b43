import ArgumentParser
import Tessera

/// Loads a plugin and does nothing with it: what `tessera plugins` starts to see whether that goes well.
struct PluginsProbeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe", abstract: "Loads a plugin, and says nothing if that goes well.", shouldDisplay: false)

    @Argument(help: "The plugin.")
    var path: String

    func run() throws {
        let line = TrialLine.standardInput()
        // A plugin that is refused has been tried to the end, too.
        defer { line?.finish() }
        _ = try PluginOptions.builtin.loading(plugins: [path])
    }
}
