import ArgumentParser
import Foundation
import Tessera

struct PluginsCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Checks what the modules of a plugin promise by their kinds.",
        discussion: """
            Prints every promise with 'ok' or 'failed' and the reason, and ends with status 1 if one does not hold. It runs in a \
            process of its own, so that a crash is told of as well, and notices where a library reads or writes beside what it is given. A module that must be given options gets them by --options. \
            Plugins in folders are not loaded beside the one that is checked.
            """)

    @Argument(help: "The plugin; left out for a module that is there without.")
    var path: String?

    @Option(
        help: ArgumentHelp(
            "Check one module alone: strategy/NAME, metric/NAME, amount/NAME, calibration/NAME, transport/NAME, codec/NAME, "
                + "layout/NAME or operator/NAME.",
            valueName: "KIND/NAME"))
    var module: String?

    @Option(help: ArgumentHelp("The module's options, as in YAML: '{radius: 2}'.", valueName: "OPTIONS"))
    var options = "{}"

    @Option(help: "What random numbers are drawn with.")
    var seed: UInt64 = 7

    @OptionGroup var plugins: PluginOptions

    @Option(help: ArgumentHelp("How long all checks together may take.", valueName: "SECONDS"))
    var timeout = 900.0

    @Flag(help: "Print one JSON object on standard output.")
    var json = false

    /// Set for the process that checks.
    @Flag(help: .hidden)
    var here = false

    private struct Report: Encodable {
        struct Check: Encodable {
            let kind: String
            let module: String
            let source: String
            let promise: String
            let ok: Bool
            let reason: String?
        }

        var checks: [Check] = []
    }

    func validate() throws {
        guard path != nil || module != nil else {
            throw ValidationError("expected a plugin, or a module by '--module KIND/NAME'")
        }
        guard timeout > 0 else { throw ValidationError("'--timeout' expects more than 0 seconds") }
    }

    func run() async throws {
        guard here else { return try runInProcessOfItsOwn() }
        let line = TrialLine.standardInput()
        // Also where a check failed, or a plugin was refused.
        defer { line?.finish() }
        let (modules, added) = try modulesToCheck(line)
        let chosen = try module.map { [try ModuleID(text: $0)] } ?? added
        guard !chosen.isEmpty else {
            let kinds = ModuleKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw TesseraError(.notFound, "'\(path ?? "")' has no module of a kind that can be checked: \(kinds)")
        }
        let configuration = try YAMLReader.parse(options, file: "--options")
        var report = Report()
        for id in chosen { report.checks += try await check(id, configuration, modules, line) }
        if json { try printJSON(report) }
        guard report.checks.allSatisfy(\.ok) else { throw ExitCode(1) }
    }

    private func runInProcessOfItsOwn() throws {
        // Before what may be paths after a '--'.
        let arguments = ["plugins", "check", "--here"] + CommandLine.arguments.dropFirst(3)
        let trial = try PluginTrial(arguments, seconds: timeout, quiet: false)
        if let failure = trial.failure {
            throw TesseraError(.backendFailure, "the check of '\(path ?? module ?? "")' \(failure)")
        }
        guard trial.status == 0 else { throw ExitCode(trial.status) }
    }

    /// All modules, and those of the plugin.
    ///
    /// A plugin is loaded before those that are named beside it, and without those that lie in folders: it is not to blame for what
    /// they do, and an older copy of it may be among them.
    private func modulesToCheck(_ line: TrialLine?) throws -> (all: Modules, added: [ModuleID]) {
        guard let path else { return (try plugins.modules(), []) }
        let known = Set(PluginOptions.builtin.checkable)
        line?.say("loading it")
        let modules = try PluginOptions.builtin.loading(plugins: [path])
        return (try modules.loading(plugins: plugins.plugins), modules.checkable.filter { !known.contains($0) })
    }

    private func check(
        _ id: ModuleID, _ configuration: Configuration, _ modules: Modules, _ line: TrialLine?
    ) async throws -> [Report.Check] {
        let source = try modules.source(of: id)
        if !json { print("\(id.kind.rawValue) '\(id.name)'") }
        var results: [Report.Check] = []
        for check in try modules.checks(of: id, options: configuration, seed: seed) {
            var reason: String?
            line?.say(check.promise)
            do {
                try await check.runWatched()
            } catch {
                reason = "\(error)"
            }
            results.append(
                Report.Check(
                    kind: id.kind.rawValue, module: id.name, source: source, promise: check.promise, ok: reason == nil,
                    reason: reason))
            guard !json else { continue }
            if let reason {
                print("  failed  \(check.promise): \(reason)")
            } else {
                print("  ok      \(check.promise)")
            }
            // What was found before a crash is on the screen.
            fflush(nil)
        }
        return results
    }
}
