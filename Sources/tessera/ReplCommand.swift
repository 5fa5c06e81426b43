import ArgumentParser
import Foundation
import Tessera
import TesseraScript

struct ReplCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repl", abstract: "Runs Lua as it is typed.",
        discussion: """
            Values are printed. Locals end with their entry; globals stay. Ctrl-D ends the session. On a terminal, arrows go through what was \
            typed before, which ~/.tessera_history keeps, or the file that TESSERA_HISTORY names, and the tab key completes names.
            """)

    @OptionGroup var limits: ScriptOptions
    @OptionGroup var plugins: PluginOptions

    func run() throws {
        startLogging(default: .warning)
        let options = limits.engineOptions
        let engine = try ScriptEngine(options, libraries: [.tessera(modules: plugins.modules(for: options))])
        let isInteractive = isatty(STDIN_FILENO) != 0
        let reader = LineReader(history: Self.historyPath)
        reader.offer(engine.completions)
        if isInteractive { note("Tessera, Lua 5.4. The tab key completes names, Ctrl-D ends the session.") }
        while var entry = reader.read("> ") {
            do {
                while try !engine.evaluate(entry) {
                    guard let line = reader.read(">> ") else {
                        throw TesseraError(
                            .scriptFailure, "expected the rest of the last entry, found the end of the input")
                    }
                    entry += "\n" + line
                }
            } catch {
                FileHandle.standardError.write(Data("\(error)\n".utf8))
                // A pipe has nobody who would correct the entry.
                if !isInteractive { throw ExitCode.failure }
            }
            reader.remember(entry)
        }
    }

    /// The file that keeps what was typed.
    private static var historyPath: String {
        let environment = ProcessInfo.processInfo.environment
        return environment["TESSERA_HISTORY"] ?? NSHomeDirectory() + "/.tessera_history"
    }
}
