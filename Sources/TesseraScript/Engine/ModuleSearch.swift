import Foundation
import TesseraCore

/// Finds the files of `require`.
struct ModuleSearch {
    /// The folders to look in, in this order.
    var folders: [String]

    private static let sizeLimit = 16 << 20

    /// The text of module `a.b`: the first `a/b.lua` in the folders.
    ///
    /// - Throws: `invalidArgument` for a name that could leave the folders, `notFound`, `inputOutput`.
    func module(named name: String) throws -> (path: String, text: [UInt8]) {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        let isPlain = parts.allSatisfy { part in
            !part.isEmpty && part.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") }
        }
        guard isPlain else {
            throw TesseraError(
                .invalidArgument, "expected a module name such as 'lib.shapes', got '\(name)'", path: "require")
        }
        let file = parts.joined(separator: "/") + ".lua"
        for folder in folders {
            let path = folder == "." ? file : folder + "/" + file
            if FileManager.default.fileExists(atPath: path) { return (path, try Self.read(path)) }
        }
        let places = folders.isEmpty ? "no folder" : folders.map { "'\($0)'" }.joined(separator: ", ")
        throw TesseraError(.notFound, "module '\(name)' not found: no \(file) in \(places)", path: "require")
    }

    /// A Lua file's text, without a first line that starts with `#`.
    static func read(_ path: String) throws -> [UInt8] {
        // A device or a pipe would have no end.
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw TesseraError(.inputOutput, "cannot read '\(path)': no such file")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            let kind = status.st_mode & S_IFMT == S_IFDIR ? "a directory" : "no regular file"
            throw TesseraError(.inputOutput, "cannot read '\(path)': it is \(kind)")
        }
        guard status.st_size <= sizeLimit else {
            throw TesseraError(.inputOutput, "cannot read '\(path)': larger than \(sizeLimit >> 20) MiB")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TesseraError(.inputOutput, "cannot read '\(path)': permission denied")
        }
        var text = Array(data)
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { text.removeFirst(3) }
        if text.first == UInt8(ascii: "#") {
            text.removeFirst(text.firstIndex(of: UInt8(ascii: "\n")) ?? text.count)
        }
        return text
    }
}
