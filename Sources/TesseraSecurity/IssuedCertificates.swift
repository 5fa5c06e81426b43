import Foundation
import TesseraCore

/// The certificates that a cluster's authority has issued, in a file beside its key: a line with serial number and name for each.
struct IssuedCertificates {
    let path: String

    /// - Throws: `inputOutput` or `malformedFile`.
    func entries() throws -> [RevocationList.Entry] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        let text: String
        do { text = try String(contentsOfFile: path, encoding: .utf8) } catch {
            throw TesseraError(.inputOutput, "cannot read '\(path)'", cause: error)
        }
        return try text.split(separator: "\n").enumerated().map { index, line in
            let parts = line.split(separator: " ").map(String.init)
            guard parts.count == 2 else {
                throw TesseraError(
                    .malformedFile, "expected a serial number and a name, found '\(line.prefix(80))'",
                    location: SourceLocation(file: path, line: index + 1, column: 1))
            }
            return RevocationList.Entry(serial: parts[0], name: parts[1])
        }
    }

    func add(_ entry: RevocationList.Entry) throws {
        // One write at the end of the file, so that two commands at once both are kept.
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard descriptor >= 0 else {
            throw TesseraError(.inputOutput, "cannot write '\(path)': \(String(cString: strerror(errno)))")
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try file.write(contentsOf: Data("\(entry.serial) \(entry.name)\n".utf8))
            try file.synchronize()
        } catch {
            throw TesseraError(.inputOutput, "cannot write '\(path)'", cause: error)
        }
    }
}
