import CEditLine
import Foundation
import Synchronization
import Tessera

/// Reads lines from a person, with history and completion, or from a pipe.
final class LineReader {
    enum Line {
        case text(String)
        /// Given up by Ctrl-C.
        case dropped
        case end
    }

    private let isInteractive = isatty(STDIN_FILENO) != 0
    private let history: String
    /// What completes a name; the library calls a function without a context.
    private static let completions = Mutex<[String]>([])

    /// - Parameter history: the file that keeps what was typed.
    /// - Throws: `inputOutput` if the system gives no pipe.
    init(history: String) throws {
        self.history = history
        guard isInteractive else { return }
        guard ceditline_open() else { throw TesseraError(.inputOutput, "no pipe for the prompt") }
        using_history()
        read_history(history)
        stifle_history(1000)
    }

    /// The next line without its end.
    func read(_ prompt: String) -> Line {
        guard isInteractive else { return readLine().map(Line.text) ?? .end }
        var isDropped = false
        guard let line = ceditline_read(prompt, &isDropped) else {
            print(isDropped ? "^C" : "")
            return isDropped ? .dropped : .end
        }
        defer { free(line) }
        return .text(String(cString: line))
    }

    /// Drops the line that is being typed, if one is. May be called on any thread.
    static func interrupt() { ceditline_interrupt() }

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
