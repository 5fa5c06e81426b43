import Foundation
import Tessera

/// A bar on the terminal that shows how far a script is.
final class ScriptProgress: ScriptObject {
    private let total: Int
    private let label: String
    private var done = 0
    private var drawn = ContinuousClock.now - .seconds(1)
    private let isTerminal = isatty(STDERR_FILENO) == 1

    init(total: Int, label: String) { (self.total, self.label) = (total, label) }

    deinit { clear() }

    var scriptDescription: String { "progress \(done)/\(total)" }

    static var scriptType: ScriptType {
        ScriptType(
            "Progress",
            "A bar on standard error, if that is a terminal, which is gone when the progress is closed or collected.",
            methods: [
                Binding(
                    of: ScriptProgress.self, "step", "step(text?: string)",
                    "Goes one step on, and shows a text beside the bar."
                ) { progress, call in
                    try call.expectArguments(atMost: 1)
                    progress.step(call[1].isNil ? "" : try call.string(1, "text"))
                    return []
                }
            ],
            properties: [
                Binding(of: ScriptProgress.self, property: "done", "integer", "The steps so far.") { .integer($0.done) }
            ], isClosable: true)
    }

    static var make: Binding {
        Binding(
            "progress", "progress(total: integer, label?: string) -> Progress",
            "A progress bar of so many steps on standard error, if that is a terminal.",
            example: """
                do
                  local bar <close> = tessera.progress(3, "working")
                  for i = 1, 3 do bar:step("item " .. i) end
                  assert(bar.done == 3)
                end
                """
        ) { call in
            try call.expectArguments(atMost: 2)
            let total = try call.integer(1, "total")
            guard total >= 0 else {
                throw TesseraError(.invalidArgument, "expected at least 0 steps, got \(total)", path: call.name)
            }
            return [.object(ScriptProgress(total: total, label: call[2].isNil ? "" : try call.string(2, "label")))]
        }
    }

    private func step(_ text: String) {
        done += 1
        guard isTerminal, done >= total || ContinuousClock.now - drawn > .milliseconds(100) else { return }
        drawn = .now
        let bar = ProgressBar.text(done, of: total)
        write("\r\u{1B}[K" + [label, bar, "\(done)/\(total)", text].filter { !$0.isEmpty }.joined(separator: " "))
    }

    private func clear() { if isTerminal, done > 0 { write("\r\u{1B}[K") } }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
