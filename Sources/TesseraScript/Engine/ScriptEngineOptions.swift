import Foundation

extension ScriptEngine {
    /// What a script may do and how much of everything it may use.
    public struct Options: Sendable {
        /// MiB of memory for Lua's values and what objects say they hold; nil: no limit.
        public var memoryLimit: Int? = 1024
        /// Seconds on the clock that one run may take, bindings included; nil: no limit.
        public var timeout: Double? = 3600
        /// Lua instructions that one run may take; nil: no limit.
        public var instructionLimit: Int? = 100_000_000_000
        /// True opens `io`, `os`, `debug`, `package` and binary chunks.
        public var isTrusted = false
        /// Folders in which `require` looks, after that of the script.
        public var searchPaths: [String] = []
        /// The global `arg`, and `...` of the script.
        public var arguments: [String] = []
        /// Takes what scripts print, line ends included; nil: it goes to stdout.
        public var print: (@Sendable (String) -> Void)?
        /// Tells until when the script runs. One engine at a time goes by it, so engines that run at once have options of their own.
        public var clock = ScriptClock()
        /// The clock of the script that this one works for, whose time ends this one's, too; nil for none.
        public var caller: ScriptClock?

        public init() {}

        /// The options of a plugin that works for a script of these: the same limits, but no more time than that has left.
        var ofPlugin: Options {
            var options = Options()
            (options.memoryLimit, options.timeout, options.instructionLimit) = (memoryLimit, timeout, instructionLimit)
            (options.searchPaths, options.caller) = (searchPaths, clock)
            // Standard output is for results.
            options.print = { FileHandle.standardError.write(Data($0.utf8)) }
            return options
        }
    }
}
