import Foundation
import TesseraCore
import TesseraNetwork
import TesseraPartition

extension ClusterProfile {
    /// Reads a cluster file, and the profiles that it names, relative to it.
    public init(path: String) throws {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        let file = try ClusterFile(configuration: YAMLReader.read(path))
        try self.init(file) { try DeviceProfile(path: URL(fileURLWithPath: $0, relativeTo: folder).path) }
    }
}

extension DeviceProfile {
    /// Reads what `tessera profile` wrote.
    ///
    /// - Throws: `notFound` if there is no such file, `malformedFile` if it is something else.
    public init(path: String) throws {
        let data: Data
        do {
            let file = try MappedFile(path: path)
            data = withExtendedLifetime(file) { Data(file.bytes) }
        } catch {
            throw TesseraError(.notFound, "the profile '\(path)' cannot be read", cause: error)
        }
        do {
            self = try JSONDecoder().decode(DeviceProfile.self, from: data)
        } catch {
            throw TesseraError(
                .malformedFile, "expected a profile as 'tessera profile' writes it, found another file: '\(path)'",
                cause: error)
        }
        try locatingErrors(path: path) { try check() }
    }
}
