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

    /// Runs the script.
    ///
    /// - Throws: what is wrong with it.
    init(_ path: String) throws {
        let context = ScriptContext(modules: .builtin)
        var options = ScriptEngine.Options()
        // Standard output is for results.
        options.print = { FileHandle.standardError.write(Data($0.utf8)) }
        engine = try ScriptEngine(options, libraries: [.tessera(context)])
        try engine.run(file: path)
        registrations = context.registrations
    }
}
