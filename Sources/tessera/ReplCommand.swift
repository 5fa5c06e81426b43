import ArgumentParser
import Foundation
import Tessera
import TesseraScript

struct ReplCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repl", abstract: "Runs Lua as it is typed.",
        discussion: "Values are printed. Locals end with their entry; globals stay. Ctrl-D ends the session.")

    @OptionGroup var limits: ScriptOptions
    @OptionGroup var plugins: PluginOptions

    func run() throws {
        startLogging(default: .warning)
        let engine = try ScriptEngine(limits.engineOptions, libraries: [.tessera(modules: plugins.modules())])
        let isInteractive = isatty(STDIN_FILENO) != 0
        func read(_ prompt: String) -> String? {
            if isInteractive { FileHandle.standardError.write(Data(prompt.utf8)) }
            return readLine()
        }
        while var entry = read("> ") {
            do {
                while try !engine.evaluate(entry) {
                    guard let line = read(">> ") else { break }
                    entry += "\n" + line
                }
            } catch {
                FileHandle.standardError.write(Data("\(error)\n".utf8))
                // A pipe has nobody who would correct the entry.
                if !isInteractive { throw ExitCode.failure }
            }
        }
    }
}
