import ArgumentParser
import Tessera
import TesseraScript

struct ScriptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "script", abstract: "Runs a Lua script.",
        discussion: "Options go before FILE; what follows it is the script's own.")

    @OptionGroup var limits: ScriptOptions
    @OptionGroup var plugins: PluginOptions

    @Argument(help: "The script.")
    var file: String

    @Argument(parsing: .captureForPassthrough, help: "What the script finds in 'arg'.")
    var arguments: [String] = []

    func run() throws {
        startLogging(default: .warning)
        var options = limits.engineOptions
        options.arguments = arguments
        try ScriptEngine(options, libraries: [.tessera(modules: plugins.modules())]).run(file: file)
    }
}
