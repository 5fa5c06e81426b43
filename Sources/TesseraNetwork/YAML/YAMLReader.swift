import CYAML
import Foundation
import TesseraCore

/// Reads YAML into a `Configuration`, every value and every key with the place it stands at.
///
/// Plain scalars are typed by YAML 1.2's core schema; quoted ones are strings. A file is one document. Anchors and
/// aliases work, within bounds on what they expand to, so that no small file can ask for much memory or time.
public enum YAMLReader {
    /// The largest file that is read, in bytes.
    public static let sizeLimit = 16 << 20
    /// The most values a document may have, counting what an alias stands for each time.
    public static let nodeLimit = 1 << 20
    /// The deepest that lists and maps may be nested.
    public static let depthLimit = 64

    /// The document in the file at `path`.
    ///
    /// - Throws: `inputOutput` if it cannot be read, `malformedFile` at the place where it breaks YAML's rules,
    ///   `limitExceeded` if it is too large.
    public static func read(_ path: String) throws -> Configuration {
        let file = try MappedFile(path: path)
        guard file.bytes.count <= sizeLimit else { throw tooLarge(path, file.bytes.count) }
        return try parse(bytes: Array(file.bytes), file: path)
    }

    /// The document in `text`; `file` is the name that locations give.
    public static func parse(_ text: String, file: String) throws -> Configuration {
        let bytes = Array(text.utf8)
        guard bytes.count <= sizeLimit else { throw tooLarge(file, bytes.count) }
        return try parse(bytes: bytes, file: file)
    }

    private static func parse(bytes: [UInt8], file: String) throws -> Configuration {
        try bytes.withUnsafeBufferPointer { buffer in
            var builder = YAMLTreeBuilder(events: try YAMLEventParser(buffer, file: file))
            return try builder.document()
        }
    }

    private static func tooLarge(_ path: String, _ size: Int) -> TesseraError {
        TesseraError(
            .limitExceeded, "'\(path)' is too large for a YAML file: expected at most \(sizeLimit) bytes, found \(size)"
        )
    }
}
