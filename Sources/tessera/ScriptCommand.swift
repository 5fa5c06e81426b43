import ArgumentParser
import Foundation
import Tessera
import TesseraScript

struct ScriptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "script", abstract: "Runs a Lua script.",
        discussion: """
            Options go before FILE; what follows it is the script's own. 'tessera script FILE --help' prints the comment that FILE \
            begins with.
            """)

    @OptionGroup var limits: ScriptOptions
    @OptionGroup var plugins: PluginOptions

    @Argument(help: "The script.")
    var file: String

    @Argument(parsing: .captureForPassthrough, help: "What the script finds in 'arg'.")
    var arguments: [String] = []

    func run() throws {
        joinFreeMemory()
        startLogging(default: .warning)
        if arguments.first == "--help", let help = Self.comment(of: file) { return print(help) }
        var options = limits.engineOptions
        options.arguments = arguments
        let engine = try ScriptEngine(options, libraries: [.tessera(modules: plugins.modules(for: options))])
        try engine.run(file: file)
    }

    /// What a script says of itself in the comment that it begins with; nil if it begins with none, or cannot be read.
    private static func comment(of file: String) -> String? {
        guard let data = FileManager.default.contents(atPath: file) else { return nil }
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        let comment = lines.drop { $0.hasPrefix("#!") }.prefix { $0.hasPrefix("--") }
        guard !comment.isEmpty else { return nil }
        return comment.map { line in
            let text = line.dropFirst(2)
            return String(text.first == " " ? text.dropFirst() : text)
        }.joined(separator: "\n")
    }
}
