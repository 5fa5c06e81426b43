import ArgumentParser

struct PluginsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugins", abstract: "Lists the modules that are swapped by name, and checks plugins.",
        subcommands: [PluginsListCommand.self, PluginsCheckCommand.self, PluginsProbeCommand.self],
        defaultSubcommand: PluginsListCommand.self)
}
