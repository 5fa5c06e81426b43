import Foundation
import TesseraCluster
import TesseraCore
import TesseraNetwork

/// Weights in a folder, each in a safetensors file that is named after its hash and holds it as `weight`.
///
/// Weights are mapped into memory, so kernels' layouts of them are all that stays there. A folder is one node's at a time.
public struct WeightFolder: WeightArchive {
    public let path: String
    private let lock: FolderLock

    private static let name = "weight"
    private static let suffix = ".safetensors"

    /// Makes the folder if there is none.
    ///
    /// - Throws: `inputOutput` if it cannot be made or written to, or if it is in use.
    public init(path: String) throws {
        self.path = path
        try FileManager.default.makeFolder(path, permissions: 0o700)
        lock = try FolderLock(path)
        // What a node was writing when it was killed.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        for name in names where name.hasPrefix(".tessera-") { unlink(path + "/" + name) }
    }

    public func contents() -> [(hash: ContentHash, byteCount: Int)] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        let found = names.compactMap { name -> (hash: ContentHash, byteCount: Int, used: Date)? in
            guard name.hasSuffix(Self.suffix),
                let hash = try? ContentHash(hexadecimal: String(name.dropLast(Self.suffix.count))),
                let attributes = try? FileManager.default.attributesOfItem(atPath: file(hash)),
                let size = attributes[.size] as? Int, let date = attributes[.modificationDate] as? Date
            else { return nil }
            return (hash, size, date)
        }
        return found.sorted { $0.used < $1.used }.map { ($0.hash, $0.byteCount) }
    }

    public func read(_ hash: ContentHash) throws -> Tensor? {
        let file = file(hash)
        guard FileManager.default.fileExists(atPath: file) else { return nil }
        let tensor = try SafetensorsFile(path: file).tensor(Self.name)
        // So that it counts as used: what is not is removed first. Of a read-only folder nothing is removed.
        _ = utimes(file, nil)
        return tensor
    }

    public func write(_ tensor: Tensor, for hash: ContentHash) throws -> Tensor {
        try SafetensorsFile.write([Self.name: tensor], to: file(hash))
        return try SafetensorsFile(path: file(hash)).tensor(Self.name)
    }

    public func remove(_ hash: ContentHash) { unlink(file(hash)) }

    private func file(_ hash: ContentHash) -> String { path + "/" + hash.hexadecimal + Self.suffix }
}

/// Keeps a folder to one process, for as long as somebody refers to this.
private final class FolderLock: Sendable {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            throw TesseraError(.inputOutput, "cannot write to the folder '\(path)': \(reason)")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw TesseraError(.inputOutput, "the folder '\(path)' keeps the weights of another node that runs")
        }
    }

    deinit { close(descriptor) }
}
