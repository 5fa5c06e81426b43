import ArgumentParser
import TesseraScript

/// What scripts may do, and how much of everything they may use.
struct ScriptOptions: ParsableArguments {
    @Option(help: "Seconds that the script, or one entry of a session, may take.")
    var timeout: Double?

    @Option(help: "MiB of memory that the script may take.")
    var memory: Int?

    @Option(help: "Lua instructions that the script, or one entry of a session, may take; 100000000000 by default.")
    var instructions: Int?

    @Flag(help: "Let the script use files and the system: io, os, debug, package.")
    var trusted = false

    @Option(help: "A folder in which 'require' looks, beside that of the script.")
    var luaPath: [String] = []

    func validate() throws {
        guard timeout.map({ $0 > 0 }) ?? true else { throw ValidationError("'--timeout' expects more than 0 seconds") }
        guard memory.map({ $0 > 0 }) ?? true else { throw ValidationError("'--memory' expects more than 0 MiB") }
        guard instructions.map({ $0 > 0 }) ?? true else {
            throw ValidationError("'--instructions' expects more than 0")
        }
    }

    var engineOptions: ScriptEngine.Options {
        var options = ScriptEngine.Options()
        if let timeout { options.timeout = timeout }
        if let instructions { options.instructionLimit = instructions }
        if let memory { options.memoryLimit = memory }
        options.isTrusted = trusted
        options.searchPaths = luaPath
        return options
    }
}
