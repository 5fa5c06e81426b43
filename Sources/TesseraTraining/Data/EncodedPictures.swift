import Foundation
import TesseraCore
import TesseraNetwork

/// Encoded pictures in a folder or an archive, decoded when they are asked for.
public struct EncodedPictures: DataSet {
    fileprivate enum Source: Sendable {
        case file(String)
        case bytes(Range<Int>)
    }

    private struct Item: Sendable {
        let name: String
        let source: Source
        let label: Int?
    }

    public let classes: [String]
    private let items: [Item]
    private let archive: [UInt8]
    private let path: String

    public var count: Int { items.count }
    public func label(_ index: Int) -> Int? { items[index].label }

    /// Where a picture is, within the folder or the archive.
    public func name(_ index: Int) -> String { items[index].name }

    public func picture(_ index: Int) throws -> Picture {
        let item = items[index]
        switch item.source {
        case .file(let path): return try Picture(path: path)
        case .bytes(let range):
            return try locatingErrors(path: "'\(path)': \(item.name)") { try Picture(encoded: Array(archive[range])) }
        }
    }

    /// Pictures in a folder, or a tar archive (compressed by gzip or not), of classes whose names are those of the folders
    /// that they lie in.
    ///
    /// - Parameters:
    ///   - part: a folder within it, such as `train`; nil for all of it.
    ///   - classes: the classes that are expected; nil for those that are found.
    /// - Throws: `notFound` if there are no pictures, or none of an expected class.
    public static func ofClasses(_ path: String, part: String?, classes expected: [String]? = nil) throws
        -> EncodedPictures
    {
        let files = try Files(path, part: part)
        let folders = files.byFolder
        guard !folders.isEmpty else {
            throw TesseraError(.notFound, "\(files.place) has no folders of pictures, one for each class")
        }
        let classes = expected ?? folders.keys.sorted()
        if let missing = classes.first(where: { folders[$0] == nil }) {
            throw TesseraError(.notFound, "\(files.place) has no pictures of the class '\(missing)'")
        }
        if let unknown = folders.keys.sorted().first(where: { !classes.contains($0) }) {
            throw TesseraError(
                .invalidArgument,
                "\(files.place) has pictures of a class '\(unknown)', which the training pictures do not have"
                    + suggestion(for: unknown, among: classes))
        }
        return EncodedPictures(files, classes: classes)
    }

    /// Pictures without classes, in a folder or an archive.
    ///
    /// - Throws: `notFound` if there are none.
    public static func unlabelled(_ path: String, part: String?) throws -> EncodedPictures {
        EncodedPictures(try Files(path, part: part), classes: [])
    }

    /// Pictures in a folder or an archive, of classes if they lie in folders.
    ///
    /// - Throws: `notFound` if there are none.
    public init(_ path: String, part: String?) throws {
        let files = try Files(path, part: part)
        self.init(files, classes: files.byFolder.keys.sorted())
    }

    private init(_ files: Files, classes: [String]) {
        (self.classes, archive, path) = (classes, files.archive, files.path)
        let folders = files.byFolder
        items =
            classes.isEmpty
            ? files.list.map { Item(name: $0.name, source: $0.source, label: nil) }
            : classes.enumerated().flatMap { label, name in
                (folders[name] ?? []).map { Item(name: $0.name, source: $0.source, label: label) }
            }
    }
}

/// The pictures among the files of a folder or an archive.
private struct Files {
    let path: String
    /// For messages.
    let place: String
    /// Sorted by name, at least one.
    let list: [(name: String, source: EncodedPictures.Source)]
    /// The bytes of the archive that they lie in.
    let archive: [UInt8]

    private static let extensions: Set<String> = ["png", "jpg", "jpeg", "bmp", "webp"]

    init(_ path: String, part: String?) throws {
        self.path = path
        place = part.map { "'\(path)': \($0)" } ?? "'\(path)'"
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw TesseraError(.notFound, "there is no '\(path)'")
        }
        let found: [(String, EncodedPictures.Source)]
        var bytes: [UInt8] = []
        if isFolder.boolValue {
            let root = part.map { URL(fileURLWithPath: path).appendingPathComponent($0).path } ?? path
            guard let names = FileManager.default.enumerator(atPath: root) else {
                throw TesseraError(.inputOutput, "cannot read the folder '\(root)'")
            }
            found = names.compactMap { $0 as? String }.map { ($0, .file(root + "/" + $0)) }
        } else {
            bytes = try GzipReader.read(path)
            let prefix = part.map { $0 + "/" } ?? ""
            found = try TarArchive(bytes, path: path).entries.compactMap { entry in
                var name = entry.name[...]
                if name.hasPrefix("./") { name = name.dropFirst(2) }
                return name.hasPrefix(prefix) ? (String(name.dropFirst(prefix.count)), .bytes(entry.range)) : nil
            }
        }
        let pictures = found.filter { name, _ in
            let name = name.split(separator: "/").last ?? ""
            // macOS puts files of its own beside others.
            return !name.hasPrefix("._")
                && Self.extensions.contains(name.split(separator: ".").last?.lowercased() ?? "")
        }
        guard !pictures.isEmpty else { throw TesseraError(.notFound, "\(place) has no pictures") }
        (list, archive) = (pictures.sorted { $0.0 < $1.0 }.map { (name: $0.0, source: $0.1) }, bytes)
    }

    /// Those that lie in folders, by the name of the innermost.
    var byFolder: [String: [(name: String, source: EncodedPictures.Source)]] {
        Dictionary(grouping: list.filter { $0.name.contains("/") }) {
            String($0.name.split(separator: "/").dropLast().last ?? "")
        }
    }
}
