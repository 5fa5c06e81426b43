import Foundation
import Tessera
import TesseraScript

extension ReplCommand {
    /// What was typed so far, whose lines are numbered through.
    struct Session {
        /// The entries, each with the number of its first line.
        private var entries: [(line: Int, text: String)] = []
        private var nextLine = 1

        /// How many lines of a value are printed on a terminal.
        private static let shownLines = isatty(STDOUT_FILENO) != 0 ? 40 : nil

        private static let help = """
            An expression prints its values; '=' before it prints all of a long one. Globals stay, locals end with their entry.
            Functions are in 'tessera', and the tab key completes their names; docs/lua-reference.md lists them with examples.
            Ctrl-C drops what is typed or ends what runs, Ctrl-D or 'exit' ends the session.
            """

        var lastEntry: String { entries.last?.text ?? "" }

        /// The first line of the next entry; nil at the end of the session.
        mutating func next(from reader: LineReader) -> String? {
            while true {
                switch reader.read("> ") {
                case .end: return nil
                case .dropped: continue
                case .text(let line):
                    switch line.trimmingCharacters(in: .whitespaces) {
                    case "exit", "exit()", "quit", "quit()": return nil
                    case "help", "help()":
                        print(Self.help)
                        nextLine += 1
                    default: return line
                    }
                }
            }
        }

        /// Runs the entry that begins with a line, with those that it takes to be whole. One that is dropped does not run.
        ///
        /// - Throws: what is wrong with it, or that the input ends within it.
        mutating func complete(_ firstLine: String, by engine: ScriptEngine, from reader: LineReader) throws {
            let line = nextLine
            entries.append((line, firstLine))
            nextLine += 1
            while try !engine.evaluate(lastEntry, line: line, showing: Self.shownLines) {
                switch reader.read(">> ") {
                case .dropped: return
                case .end:
                    throw TesseraError(
                        .scriptFailure, "expected the rest of the last entry, found the end of the input")
                case .text(let more):
                    entries[entries.count - 1].text += "\n" + more
                    nextLine += 1
                }
            }
        }

        /// The lines of a place in the session or in a file.
        func excerpt(of place: SourceLocation) -> SourceExcerpt? {
            guard place.file == ScriptEngine.entryName else { return SourceExcerpt(of: place) }
            return entries.lazy.compactMap { SourceExcerpt(of: place.line, in: $0.text, from: $0.line) }.first
        }
    }
}
