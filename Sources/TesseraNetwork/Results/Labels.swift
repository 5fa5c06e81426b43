import Foundation
import TesseraCore

/// The names of classes, in order: a list, or the name of a file with one on each line.
public struct Labels: Sendable, Equatable, ConfigurationValue {
    private static let sizeLimit = 1 << 24

    public private(set) var names: [String]
    /// The file that they are still to be read from.
    private var file: String?
    private var location: SourceLocation?

    public init(_ names: [String]) { self.names = names }

    public static func == (a: Labels, b: Labels) -> Bool { a.names == b.names && a.file == b.file }

    public init(configuration: Configuration) throws {
        if case .string(let file) = configuration.content {
            (names, self.file) = ([], file)
        } else {
            names = try configuration.elements(expecting: "a list of labels, or a file with one on each line")
                .map(String.init(configuration:))
            guard !names.isEmpty else { throw configuration.unexpected("at least one label") }
        }
        location = configuration.location
    }

    /// The names as a list, wherever they come from.
    public var configuration: Configuration { file?.configuration ?? names.configuration }
    public static var typeDescription: String { "file, or list of strings" }
    public static var schema: ConfigurationSchema { .either([.text, .list(.string)]) }

    /// The labels with their file read, whose name is relative to the file that names it.
    func resolved(relativeTo other: String) throws -> Labels {
        guard let file else { return self }
        return try locatingErrors(path: "labels", at: location) {
            let path = PathComponents.resolve(file, relativeTo: other)
            let content = try MappedFile(path: path)
            guard content.bytes.count <= Self.sizeLimit else {
                throw TesseraError(.limitExceeded, "'\(path)' is too large for a file of labels")
            }
            guard let text = String(validating: Array(content.bytes), as: UTF8.self) else {
                throw TesseraError(.malformedFile, "expected '\(path)' to be a text in UTF-8")
            }
            var lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
                .map { String($0).trimmingCharacters(in: .whitespaces) }
            while lines.last?.isEmpty == true { lines.removeLast() }
            guard !lines.isEmpty else { throw TesseraError(.malformedFile, "expected labels in '\(path)', found none") }
            var labels = Labels(lines)
            labels.location = location
            return labels
        }
    }

    /// The name of a class, its number if it has none.
    public subscript(_ index: Int) -> String { names.indices.contains(index) ? names[index] : String(index) }

    /// Throws `shapeMismatch` unless there are as many labels as classes.
    func check(_ classes: Int) throws {
        guard names.count == classes else {
            throw TesseraError(
                .shapeMismatch, "expected \(classes) labels, one for each class, found \(names.count)", path: "labels",
                location: location)
        }
    }
}
