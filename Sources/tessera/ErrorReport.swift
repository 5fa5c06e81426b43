import Tessera

/// What a person is shown of an error: the message, and of one in a script the lines that it is about, the calls that led there, and
/// below them the same of what caused it elsewhere. One in another file is a single line.
struct ErrorReport: Error, CustomStringConvertible {
    let description: String

    /// - Parameter excerpt: gives the lines around a place; nil for one that is in no file.
    init(_ error: TesseraError, excerpt: (SourceLocation) -> SourceExcerpt? = { SourceExcerpt(of: $0) }) {
        var parts = [error.description]
        // Places in other files have columns.
        guard error.location?.column == nil else {
            description = error.description
            return
        }
        if let lines = error.location.flatMap(excerpt) { parts.append(lines.description) }
        parts += Self.calls(error)
        var places = [error.location]
        var cause = error.cause as? TesseraError
        while let error = cause {
            // What has no place, or none that can be shown, the message above has said.
            if !places.contains(error.location), let lines = error.location.flatMap(excerpt) {
                parts +=
                    ["caused by: \(error.description.prefix { $0 != "\n" })", lines.description] + Self.calls(error)
                places.append(error.location)
            }
            cause = error.cause as? TesseraError
        }
        description = parts.joined(separator: "\n")
    }

    private static func calls(_ error: TesseraError) -> [String] {
        error.traceback.isEmpty ? [] : ["stack traceback:"] + error.traceback.map { "\t" + $0 }
    }
}
