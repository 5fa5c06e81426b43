import CEditLine
import Foundation
import Synchronization

/// Reads lines from a person, with history and completion, or from a pipe.
final class LineReader {
    private let isInteractive = isatty(STDIN_FILENO) != 0
    private let history: String
    /// What completes a name; the library calls a function without a context.
    private static let completions = Mutex<[String]>([])

    /// - Parameter history: the file that keeps what was typed.
    init(history: String) {
        self.history = history
        guard isInteractive else { return }
        rl_initialize()
        using_history()
        read_history(history)
        stifle_history(1000)
    }

    /// The next line without its end; nil at the end of the input.
    func read(_ prompt: String) -> String? {
        guard isInteractive else { return readLine() }
        guard let line = readline(prompt) else {
            print()
            return nil
        }
        defer { free(line) }
        return String(cString: line)
    }

    /// Keeps an entry for later.
    func remember(_ entry: String) {
        guard isInteractive, !entry.allSatisfy(\.isWhitespace) else { return }
        add_history(entry)
        write_history(history)
    }

    /// Offers names when the tab key is pressed.
    ///
    /// - Parameter complete: gives the names that begin with what is typed.
    func offer(_ complete: @escaping (String) -> [String]) {
        guard isInteractive else { return }
        Self.current = complete
        ceditline_set_completion { text, state in
            guard let text else { return nil }
            if state == 0 {
                let found = LineReader.current?(String(cString: text)) ?? []
                LineReader.completions.withLock { $0 = found }
            }
            let names = LineReader.completions.withLock { $0 }
            return names.indices.contains(Int(state)) ? strdup(names[Int(state)]) : nil
        }
    }

    /// Only the thread that reads lines uses it.
    nonisolated(unsafe) private static var current: ((String) -> [String])?
}
