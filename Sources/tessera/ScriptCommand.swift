import ArgumentParser
import Tessera
import TesseraScript

struct ScriptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "script", abstract: "Runs a Lua script.",
        discussion: "Options go before FILE; what follows it is the script's own.")

    @Option(help: "Seconds that the script may take.")
    var timeout: Double?

    @Option(help: "MiB of memory that the script may take.")
    var memory: Int?

    @Flag(help: "Let the script use files and the system: io, os, debug, package.")
    var trusted = false

    @Option(help: "A folder in which 'require' looks, beside that of the script.")
    var luaPath: [String] = []

    @Argument(help: "The script.")
    var file: String

    @Argument(parsing: .captureForPassthrough, help: "What the script finds in 'arg'.")
    var arguments: [String] = []

    func validate() throws {
        guard timeout.map({ $0 > 0 }) ?? true else { throw ValidationError("'--timeout' expects more than 0 seconds") }
        guard memory.map({ $0 > 0 }) ?? true else { throw ValidationError("'--memory' expects more than 0 MiB") }
    }

    func run() throws {
        var options = ScriptEngine.Options()
        if let timeout { options.timeout = timeout }
        if let memory { options.memoryLimit = memory }
        options.isTrusted = trusted
        options.searchPaths = luaPath
        options.arguments = arguments
        try ScriptEngine(options, libraries: [.tessera()]).run(file: file)
    }
}
