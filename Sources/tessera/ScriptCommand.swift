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
        let engine = try ScriptEngine(options, libraries: [.tessera(modules: plugins.modules(for: options))])
        do {
            try engine.run(file: file)
        } catch let error as TesseraError {
            throw Failure(error)
        }
    }

    /// An error with the lines that it is about below its first.
    private struct Failure: Error, CustomStringConvertible {
        let description: String

        init(_ error: TesseraError) {
            var lines = "\(error)".split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            if let location = error.location, let excerpt = SourceExcerpt(of: location) {
                lines.insert(excerpt.description, at: 1)
            }
            description = lines.joined(separator: "\n")
        }
    }
}
