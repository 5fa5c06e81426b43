import Foundation
import Tessera

/// The lines of a file around the one that an error is about.
struct SourceExcerpt: CustomStringConvertible {
    let description: String

    /// Nil for a place that is in no file, in one larger than 1 MiB, or in what cannot be read twice, such as a pipe.
    init?(of location: SourceLocation) {
        let path = URL(fileURLWithPath: location.file).resolvingSymlinksInPath().path
        guard let facts = try? FileManager.default.attributesOfItem(atPath: path),
            facts[.type] as? FileAttributeType == .typeRegular, facts[.size] as? Int ?? 0 <= 1 << 20,
            let data = FileManager.default.contents(atPath: path)
        else { return nil }
        self.init(of: location.line, in: String(decoding: data, as: UTF8.self))
    }

    /// Nil for a line that the text does not have.
    ///
    /// - Parameter first: the number of the text's first line.
    init?(of line: Int, in text: String, from first: Int = 1) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last == "" { lines.removeLast() }
        guard lines.indices.contains(line - first) else { return nil }
        let shown = max(first, line - 2)...min(first + lines.count - 1, line + 2)
        let width = String(shown.upperBound).count
        description = shown.map { number in
            let mark = number == line ? "  > " : "    "
            let text = lines[number - first].prefix(160)
            return mark + String(repeating: " ", count: width - String(number).count) + "\(number) | \(text)"
        }.joined(separator: "\n")
    }
}
