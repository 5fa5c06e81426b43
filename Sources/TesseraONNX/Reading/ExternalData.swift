import Foundation
import Synchronization
import TesseraCore
import TesseraNetwork

/// The files beside a model that hold the data of its tensors, each opened once.
final class ExternalData: Sendable {
    private let folder: String
    private let files = Mutex<[String: MappedFile]>([:])

    /// - Parameter folder: the model's folder, with its last `/`, or empty for the working directory.
    init(folder: String) { self.folder = folder }

    /// The data that `proto.external_data` points to.
    ///
    /// - Throws: `malformedFile` for a place outside the model's folder or the file, `inputOutput` if it cannot be read.
    func tensor(
        _ proto: ONNXTensorProto, shape: Shape, elementType: ElementType, byteCount: Int
    ) throws -> Tensor {
        let entries = Dictionary(proto.externalData.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
        guard let location = entries["location"] else {
            throw TesseraError(.malformedFile, "tensor '\(proto.name)': expected external data with a location")
        }
        let file = try locatingErrors(path: "tensor '\(proto.name)'") { try open(location) }
        guard let offset = Int(entries["offset"] ?? "0"), let length = Int(entries["length"] ?? "\(byteCount)"),
            offset >= 0, length == byteCount, offset <= file.bytes.count, length <= file.bytes.count - offset
        else {
            throw TesseraError(
                .malformedFile,
                "tensor '\(proto.name)': expected \(byteCount) bytes for \(shape) \(elementType) within the \(file.bytes.count) bytes of '\(location)', "
                    + "found offset \(entries["offset"] ?? "0") and length \(entries["length"] ?? "to the end")")
        }
        return try file.tensor(offset..<offset + length, shape: shape, elementType: elementType)
    }

    private func open(_ location: String) throws -> MappedFile {
        try files.withLock { files in
            if let file = files[location] { return file }
            let file = try MappedFile(path: resolve(location))
            files[location] = file
            return file
        }
    }

    /// The path of a file below the model's folder.
    private func resolve(_ location: String) throws -> String {
        let steps = location.split(separator: "/", omittingEmptySubsequences: false)
        guard !location.isEmpty, !location.contains("\0"), !steps.contains(".."), !location.hasPrefix("/") else {
            throw TesseraError(
                .malformedFile, "expected external data in the model's own folder, found the location '\(location)'")
        }
        let path = folder + location
        guard let base = realpath(folder.isEmpty ? "." : folder, nil) else {
            throw systemError("cannot open '\(folder)'")
        }
        defer { free(base) }
        guard let real = realpath(path, nil) else { throw systemError("cannot open '\(path)'") }
        defer { free(real) }
        let (baseText, realText) = (String(cString: base), String(cString: real))
        guard realText.hasPrefix(baseText.hasSuffix("/") ? baseText : baseText + "/") else {
            throw TesseraError(
                .malformedFile,
                "expected external data in the model's own folder, found that '\(location)' leads to '\(realText)'")
        }
        var status = stat()
        guard stat(realText, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw TesseraError(.inputOutput, "cannot read '\(path)': it is no regular file")
        }
        return realText
    }
}
