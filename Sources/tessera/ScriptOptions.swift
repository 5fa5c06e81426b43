import ArgumentParser
import TesseraScript

/// What scripts may do, and how much of everything they may use.
struct ScriptOptions: ParsableArguments {
    @Option(
        help: "Seconds that the script, or one entry of a session, may take, or 'none' for no limit; 3600 by default.")
    var timeout: Limit?

    @Option(help: "MiB of memory that the script may take, or 'none'; 1024 by default.")
    var memory: Limit?

    @Option(help: "Lua instructions that the script, or one entry of a session, may take, or 'none'; 1e11 by default.")
    var instructions: Limit?

    @Flag(help: "Let the script use files and the system: io, os, debug, package. The limits stay.")
    var trusted = false

    @Option(help: "A folder in which 'require' looks, beside that of the script.")
    var luaPath: [String] = []

    /// How much of something there is.
    enum Limit: ExpressibleByArgument {
        case unlimited
        case amount(Double)

        init?(argument: String) {
            if argument == "none" {
                self = .unlimited
            } else if let amount = Double(argument), amount.isFinite {
                self = .amount(amount)
            } else {
                return nil
            }
        }

        var amount: Double? { if case .amount(let amount) = self { amount } else { nil } }
        /// Nil for what is no whole number as well.
        var whole: Int? { amount.flatMap { Int(exactly: $0) } }
    }

    func validate() throws {
        guard timeout?.amount.map({ $0 > 0 }) ?? true else {
            throw ValidationError("'--timeout' expects more than 0 seconds, or 'none'")
        }
        for (option, limit) in [("--memory", memory), ("--instructions", instructions)] {
            guard let amount = limit?.amount, amount <= 0 || limit?.whole == nil else { continue }
            throw ValidationError("'\(option)' expects a whole number above 0, or 'none'")
        }
    }

    var engineOptions: ScriptEngine.Options {
        var options = ScriptEngine.Options()
        if let timeout { options.timeout = timeout.amount }
        if let instructions { options.instructionLimit = instructions.whole }
        if let memory { options.memoryLimit = memory.whole }
        options.isTrusted = trusted
        options.searchPaths = luaPath
        return options
    }
}
