import ArgumentParser
import Tessera

/// Loads a plugin and does nothing with it: what `tessera plugins` starts to see whether that goes well.
struct PluginsProbeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe", abstract: "Loads a plugin, and says nothing if that goes well.", shouldDisplay: false)

    @Argument(help: "The plugin.")
    var path: String

    func run() throws { _ = try PluginOptions.builtin.loading(plugins: [path]) }
}
