import Foundation
import Tessera
import TesseraScript

/// A folder with small networks, gone when the test is.
final class NetworkFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("networks-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try write(
            "small.yaml",
            """
            tessera: 1
            name: small
            inputs: {image: {shape: [1, 1, height, width]}}
            weights: {random: 7}
            layers:
              - conv: {name: a, channels: 4, kernel: 3, padding: same}
              - relu: {name: b}
              - max_pool: {name: p, kernel: 2}
              - conv: {name: c, channels: 1, kernel: 3, padding: same}
            outputs: [c]
            """)
        try write(
            "double.yaml",
            """
            tessera: 1
            inputs: {x: {shape: [1, 1, 4, 4]}, y: {shape: [1, 1, 4, 4]}}
            layers:
              - add: {name: sum, from: [x, y]}
              - subtract: {name: difference, from: [x, y]}
            outputs: [sum, difference]
            """)
        try write("broken.yaml", "tessera: 1\ninputs: {x: {shape: [1]}}\nlayers:\n  - cnv: {}\noutputs: [x]\n")
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/" + name))
    }

    /// Runs `source` with the library `tessera`; `folder` is this folder's path.
    ///
    /// On a thread of its own: a script that waits for nodes must not hold one of those that they need.
    ///
    /// - Parameters:
    ///   - setup: what is run before, without a limit to its time.
    ///   - seconds: what there is for work that looks at its deadline.
    func run(
        _ source: String, _ options: ScriptEngine.Options = .init(), after setup: String = "",
        within seconds: Double? = nil
    ) async throws -> Results {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread {
                continuation.resume(
                    with: Result {
                        let engine = try ScriptEngine(options, libraries: [.tessera()])
                        try engine.setGlobal("folder", to: .string(self.path))
                        try engine.run(setup, name: "setup.lua")
                        return try Deadline.hold(until: seconds.map { .now + .seconds($0) }) {
                            Results(values: try engine.run(source, name: "test.lua"))
                        }
                    })
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    /// The error that running `source` gives.
    func failure(
        _ source: String, _ options: ScriptEngine.Options = .init(), after setup: String = "",
        within seconds: Double? = nil
    ) async -> TesseraError? {
        do {
            _ = try await run(source, options, after: setup, within: seconds)
            return nil
        } catch {
            return error as? TesseraError
        }
    }
}

/// What a script returned. `@unchecked Sendable`: plain values, handed from the script's thread, which has ended.
struct Results: @unchecked Sendable {
    let values: [ScriptValue]
}
