import Foundation

/// The parts of a file's path. (Foundation's own trap on a path of one character, as of Swift 6.3.)
package struct PathComponents {
    /// What comes before the last `/`, with it; empty if there is none.
    package let folder: String
    package let name: String

    package init(_ path: String) {
        let start = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path.utf8.index(after: $0) } ?? path.startIndex
        folder = String(path[..<start])
        name = String(path[start...])
    }

    /// The name without its extension; a name that is all extension is kept.
    package var stem: String {
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return name }
        return String(name[..<dot])
    }

    /// What follows the last dot, in lower case; empty without one.
    package var fileExtension: String {
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return "" }
        return name[name.index(after: dot)...].lowercased()
    }

    /// Makes paths that are written in `file` those of this process: absolute.
    package static func resolver(of file: String) -> (String) -> String {
        let folder = URL(fileURLWithPath: file).deletingLastPathComponent()
        return { URL(fileURLWithPath: $0, relativeTo: folder).path }
    }

    /// Where `path` leads that is written in `file`.
    static func resolve(_ path: String, relativeTo file: String) -> String {
        path.hasPrefix("/") ? path : PathComponents(file).folder + path
    }
}
