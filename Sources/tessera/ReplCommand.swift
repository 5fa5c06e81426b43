import ArgumentParser
import Foundation
import Tessera
import TesseraScript

struct ReplCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repl", abstract: "Runs Lua as it is typed.",
        discussion: """
            Values are printed. Locals end with their entry; globals stay. Ctrl-C drops what is typed or ends what runs, Ctrl-D or 'exit' ends \
            the session. On a terminal, arrows go through what was typed before, which ~/.tessera_history keeps, or the file that \
            TESSERA_HISTORY names, and the tab key completes names.
            """)

    @OptionGroup var limits: ScriptOptions
    @OptionGroup var plugins: PluginOptions

    func run() throws {
        startLogging(default: .warning)
        let options = limits.engineOptions
        let engine = try ScriptEngine(options, libraries: [.tessera(modules: plugins.modules(for: options))])
        let isInteractive = isatty(STDIN_FILENO) != 0
        let reader = try LineReader(history: Self.historyPath)
        reader.offer(engine.completions)
        var interrupts: (any DispatchSourceSignal)?
        if isInteractive {
            note("Tessera, Lua 5.4. The tab key completes names, 'help' says more, Ctrl-D ends the session.")
            interrupts = Self.whenInterrupted { [interruption = options.clock.interruption] in
                interruption.request()
                LineReader.interrupt()
            }
        }
        defer { interrupts?.cancel() }
        var session = Session()
        while let entry = session.next(from: reader) {
            do {
                try session.complete(entry, by: engine, from: reader)
            } catch let error as TesseraError {
                fflush(nil)
                FileHandle.standardError.write(Data("\(ErrorReport(error, excerpt: session.excerpt))\n".utf8))
                // A pipe has nobody who would correct the entry.
                if !isInteractive { throw ExitCode.failure }
            }
            reader.remember(session.lastEntry)
        }
    }

    /// The file that keeps what was typed.
    private static var historyPath: String {
        let environment = ProcessInfo.processInfo.environment
        return environment["TESSERA_HISTORY"] ?? NSHomeDirectory() + "/.tessera_history"
    }

    /// Calls `body`, on some thread, instead of ending the process at Ctrl-C.
    private static func whenInterrupted(_ body: @escaping @Sendable () -> Void) -> any DispatchSourceSignal {
        signal(SIGINT, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        source.setEventHandler(handler: body)
        source.resume()
        return source
    }
}
