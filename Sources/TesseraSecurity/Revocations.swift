import Foundation
import Synchronization
import TesseraCore
import X509

/// What a member knows of certificates that were withdrawn: the newest list of its folder and of what others gave it.
public final class Revocations: Sendable {
    private struct State {
        var list: RevocationList?
        /// What any list had that was seen: nobody who was withdrawn comes back by a list that lacks him.
        var withdrawn: Set<RevocationList.Entry> = []
        /// When the file that was read last was written or changed otherwise, in seconds, which one it is and its size; nil for none.
        var stamp: [Double]?
        /// What is wrong with the file, or with a list that somebody gave, until somebody asks.
        var problem: TesseraError?
    }

    private let folder: CertificateFolder
    private let authority: Certificate.PublicKey
    private let state: Mutex<State>

    /// - Throws: `inputOutput` or `invalidArgument` for a list in the folder that cannot be used.
    public init(_ folder: CertificateFolder) throws {
        self.folder = folder
        authority = try folder.readCertificate(folder.authority).publicKey
        state = Mutex(State())
        try state.withLock { try Self.read(&$0, folder, authority) }
    }

    /// The newest list; nil while nobody was removed. The file is read again if it was written since.
    public var list: RevocationList? {
        state.withLock { state in
            // What cannot be used does not take the place of what is known.
            try? Self.read(&state, folder, authority)
            return state.list
        }
    }

    /// What is wrong with the file that is there now, or lacks in a list that somebody gave, once for each; nil if nothing is.
    public func takeProblem() -> TesseraError? {
        state.withLock { state in
            defer { state.problem = nil }
            return state.problem
        }
    }

    /// Takes a list that another member gave, and keeps it in the folder.
    ///
    /// - Returns: whether it is newer than what was known.
    /// - Throws: `invalidArgument` if the cluster's authority did not sign it; `inputOutput` if it holds from now on, but could not
    ///   be kept.
    public func adopt(_ text: String, from source: String) throws -> Bool {
        let known = list
        let new = try RevocationList(text, authority: authority, source: source)
        guard new.number >= known?.number ?? 0, new != known else { return false }
        return try state.withLock { state in
            let missing = state.withdrawn.subtracting(new.entries)
            state.withdrawn.formUnion(new.entries)
            if !missing.isEmpty, new.number >= state.list?.number ?? 0 {
                let names = missing.map { "'\($0.name)'" }.sorted().joined(separator: ", ")
                state.problem = TesseraError(
                    .invalidArgument,
                    "list \(new.number) of '\(source)' lacks \(names), whom an earlier list withdrew, as one does that was made with an old copy of the cluster's folder: remove them again"
                )
            }
            guard new.number > state.list?.number ?? 0 else { return false }
            state.list = new
            // Under the lock, so that no older list takes its place.
            try new.write(to: folder.revocations)
            return true
        }
    }

    /// Checks that a certificate was not withdrawn.
    ///
    /// - Parameter bytes: the certificate in DER.
    /// - Throws: `protocolViolation` naming the member and when the list was made.
    public func check(certificate bytes: [UInt8]) throws {
        guard let list, let certificate = try? Certificate(derEncoded: bytes) else { return }
        let serial = certificate.serialText
        guard let entry = state.withLock({ $0.withdrawn.first { $0.serial == serial } }) else { return }
        throw TesseraError(
            .protocolViolation,
            "the certificate of '\(entry.name)' was withdrawn: it was removed from the cluster (list \(list.number) of \(list.time))"
        )
    }

    private static func read(
        _ state: inout State, _ folder: CertificateFolder, _ authority: Certificate.PublicKey
    ) throws {
        var status = stat()
        guard stat(folder.revocations, &status) == 0 else { return }
        let times = [status.st_mtim, status.st_ctim].flatMap { [Double($0.tv_sec), Double($0.tv_nsec)] }
        let stamp = times + [Double(status.st_ino), Double(status.st_size)]
        guard stamp != state.stamp else { return }
        state.stamp = stamp
        do {
            let list = try RevocationList(
                folder.readText(folder.revocations), authority: authority, source: folder.revocations)
            state.withdrawn.formUnion(list.entries)
            if list.number > state.list?.number ?? 0 { state.list = list }
            state.problem = nil
        } catch {
            state.problem = error as? TesseraError
            throw error
        }
    }
}

extension RevocationList {
    /// Writes the list so that whoever reads it finds all of it or what was there before.
    func write(to path: String) throws {
        let temporary = "\(path).\(UUID().uuidString)"
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: temporary))
            guard rename(temporary, path) == 0 else {
                throw TesseraError(.inputOutput, String(cString: strerror(errno)))
            }
        } catch {
            unlink(temporary)
            throw TesseraError(.inputOutput, "cannot write '\(path)'", cause: error)
        }
    }
}

extension CertificateFolder {
    /// The list of certificates that were withdrawn, if any was.
    public var revocations: String { file("revoked") }
}
