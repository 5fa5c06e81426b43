import Foundation
import Tessera

/// A script that registers modules, in a state of its own.
///
/// `@unchecked Sendable`: everything is set in the initializer, and the state is entered under the lock.
final class ScriptPlugin: @unchecked Sendable {
    let lock = NSRecursiveLock()
    private let engine: ScriptEngine
    /// What it registered.
    let registrations: [ScriptRegistration]

    /// The files that are being loaded, each by the one before it.
    @TaskLocal private static var loading: [String] = []

    /// Runs the script.
    ///
    /// - Parameter options: its limits.
    /// - Throws: what is wrong with it; `invalidArgument` for one that loads itself.
    init(_ path: String, _ options: ScriptEngine.Options) throws {
        var options = options
        options.clock = ScriptClock(for: options.caller)
        let file = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        guard !Self.loading.contains(file) else {
            throw TesseraError(.invalidArgument, "the plugin '\(path)' loads itself")
        }
        let context = ScriptContext(modules: .builtin)
        let engine = try ScriptEngine(options, libraries: [.tessera(context)])
        try Self.$loading.withValue(Self.loading + [file]) { _ = try engine.run(file: path) }
        self.engine = engine
        registrations = context.registrations
    }
}
