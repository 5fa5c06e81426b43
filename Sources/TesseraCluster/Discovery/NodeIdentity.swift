import Foundation
import TesseraCore

/// Who a node is, whenever and wherever it is started: the name in its certificate or, without one, a random text that it keeps in a
/// file.
///
/// The file is locked while the node runs, so that several nodes of one host have different ones.
public struct NodeIdentity: Sendable {
    public let name: String
    public let identity: String

    private init(name: String, identity: String) { (self.name, self.identity) = (name, identity) }

    /// A member with a certificate, which says what it is called.
    public static func member(_ name: String) -> NodeIdentity { NodeIdentity(name: name, identity: name) }

    /// One for this run only.
    public static func temporary(_ name: String) -> NodeIdentity {
        NodeIdentity(name: name, identity: UUID().uuidString)
    }

    /// `$XDG_STATE_HOME/tessera/nodes`, or `~/.local/state/tessera/nodes`.
    public static var standardFolder: URL {
        let base =
            ProcessInfo.processInfo.environment["XDG_STATE_HOME"].flatMap {
                $0.hasPrefix("/") ? URL(fileURLWithPath: $0) : nil
            } ?? FileManager.default.homeDirectoryForCurrentUser.appendingPathComponent(".local/state")
        return base.appendingPathComponent("tessera/nodes")
    }

    /// Nodes without a name that a host may have.
    private static let slots = 256

    /// The one that is kept in a folder, which is made if there is none.
    ///
    /// - Parameter name: what the node is called; nil for the host's name, followed by a number if a node that runs has that.
    /// - Throws: `inputOutput` for files that cannot be read or written, `malformedFile` for one that holds something else,
    ///   `invalidArgument` for a name that another running node of this host has.
    public static func kept(_ name: String?, in folder: URL = standardFolder) throws -> NodeIdentity {
        try FileManager.default.makeFolder(folder.path)
        if let name {
            if let identity = try kept(called: name, in: folder) { return identity }
            throw TesseraError(.invalidArgument, "another node called '\(name)' runs on this host")
        }
        let host = ProcessInfo.processInfo.hostName
        for number in 1...slots {
            if let identity = try kept(called: number == 1 ? host : "\(host)-\(number)", in: folder) {
                return identity
            }
        }
        throw TesseraError(.limitExceeded, "\(slots) nodes without a name run on this host")
    }

    /// Nil if another process has it.
    private static func kept(called name: String, in folder: URL) throws -> NodeIdentity? {
        let path = folder.appendingPathComponent(fileName(of: name)).path
        // Kept open for as long as the process runs, and with it the lock.
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw TesseraError(.inputOutput, "cannot open '\(path)': \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        do {
            let text = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
                .trimmingCharacters(in: .whitespacesAndNewlines)
            guard text.isEmpty else {
                guard let known = UUID(uuidString: text) else {
                    throw TesseraError(
                        .malformedFile,
                        "expected the identity of node '\(name)' in '\(path)', found '\(text.prefix(40))'; remove the file for a new one"
                    )
                }
                return NodeIdentity(name: name, identity: known.uuidString)
            }
            let new = UUID().uuidString
            try file.write(contentsOf: Data((new + "\n").utf8))
            try file.synchronize()
            return NodeIdentity(name: name, identity: new)
        } catch let error as TesseraError {
            close(descriptor)
            throw error
        } catch {
            close(descriptor)
            throw TesseraError(.inputOutput, "cannot use '\(path)'", cause: error)
        }
    }

    /// Letters, digits and a few signs stand for themselves, every other byte as `%` and two digits, so that no name leads elsewhere.
    private static func fileName(of name: String) -> String {
        name.utf8.map { byte in
            let scalar = UnicodeScalar(byte)
            let isPlain =
                scalar.isASCII && (scalar.properties.isAlphabetic || "0123456789-_".unicodeScalars.contains(scalar))
            return isPlain ? String(scalar) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined() + ".identity"
    }
}
