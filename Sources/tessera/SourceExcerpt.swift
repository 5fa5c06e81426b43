import Foundation
import Tessera

/// The lines of a script around the one that an error is about.
struct SourceExcerpt: CustomStringConvertible {
    let description: String

    /// Nil for a place that is in no file.
    init?(of location: SourceLocation, around count: Int = 2) {
        guard let data = FileManager.default.contents(atPath: location.file), data.count < 1 << 20 else { return nil }
        var lines = String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last == "" { lines.removeLast() }
        guard lines.indices.contains(location.line - 1) else { return nil }
        let shown = max(1, location.line - count)...min(lines.count, location.line + count)
        let width = String(shown.upperBound).count
        description = shown.map { number in
            let mark = number == location.line ? "  > " : "    "
            let text = lines[number - 1].prefix(160)
            return mark + String(repeating: " ", count: width - String(number).count) + "\(number) | \(text)"
        }.joined(separator: "\n")
    }
}
