import Foundation
import TesseraCore

/// The certificates that a cluster's authority has issued, in a file beside its key: a line with serial number and name for each, and
/// another one for each that was withdrawn, with the number of the list that did it behind these.
struct IssuedCertificates {
    let path: String

    /// - Throws: `inputOutput` or `malformedFile`.
    func entries() throws -> [RevocationList.Entry] { try lines().filter { $0.list == nil }.map(\.entry) }

    /// What was withdrawn, and the number of the last list of these; 0 for none.
    func withdrawals() throws -> (entries: [RevocationList.Entry], number: Int) {
        let withdrawn = try lines().filter { $0.list != nil }
        let entries = withdrawn.map(\.entry).reduce(into: [RevocationList.Entry]()) { entries, entry in
            if !entries.contains(entry) { entries.append(entry) }
        }
        return (entries, withdrawn.compactMap(\.list).max() ?? 0)
    }

    private func lines() throws -> [(entry: RevocationList.Entry, list: Int?)] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        let text: String
        do { text = try String(contentsOfFile: path, encoding: .utf8) } catch {
            throw TesseraError(.inputOutput, "cannot read '\(path)'", cause: error)
        }
        return try text.split(separator: "\n").enumerated().map { index, line in
            let parts = line.split(separator: " ").map(String.init)
            let list = parts.count == 3 ? Int(parts[2]) : nil
            guard parts.count == 2 || list != nil else {
                throw TesseraError(
                    .malformedFile, "expected a serial number and a name, found '\(line.prefix(80))'",
                    location: SourceLocation(file: path, line: index + 1, column: 1))
            }
            return (RevocationList.Entry(serial: parts[0], name: parts[1]), list)
        }
    }

    func add(_ entry: RevocationList.Entry) throws { try append("\(entry.serial) \(entry.name)") }

    /// Notes that a list withdrew a certificate.
    func note(_ entry: RevocationList.Entry, withdrawnBy list: Int) throws {
        try append("\(entry.serial) \(entry.name) \(list)")
    }

    private func append(_ line: String) throws {
        // One write at the end of the file, so that two commands at once both are kept.
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard descriptor >= 0 else {
            throw TesseraError(.inputOutput, "cannot write '\(path)': \(String(cString: strerror(errno)))")
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try file.write(contentsOf: Data("\(line)\n".utf8))
            try file.synchronize()
        } catch {
            throw TesseraError(.inputOutput, "cannot write '\(path)'", cause: error)
        }
    }
}
