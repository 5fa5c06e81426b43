import Foundation
import TesseraCore
import TesseraNetwork

/// Inputs to watch a network with, one inference after the other.
struct CalibrationSamples {
    let network: Network
    let path: String
    /// The most that are used.
    let count: Int

    /// How many small samples run at once.
    private static let batch = 8

    /// Calls `body` with the inputs of each inference.
    ///
    /// - Throws: what reading and `body` throw.
    func forEach(_ body: ([String: Tensor]) throws -> Void) throws {
        if isFlatFolder {
            let folder = try InputFolder(network, folder: path)
            for index in folder.paths.indices.prefix(count) { try body(folder.inputs(at: index).tensors) }
        } else if isFolder || ["safetensors", "tar", "gz", "tgz"].contains(fileExtension) {
            try SampleReader(network).forEachBatch(path, count: count, size: Self.batch) { try body($0.inputs) }
        } else {
            try body(network.readInputs([path]).tensors)
        }
    }

    private var fileExtension: String { URL(fileURLWithPath: path).pathExtension.lowercased() }

    private var isFolder: Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    /// Whether it is a folder of files, rather than of classes.
    private var isFlatFolder: Bool {
        guard isFolder, let names = try? FileManager.default.contentsOfDirectory(atPath: path) else { return false }
        return !names.contains { name in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: "\(path)/\(name)", isDirectory: &isFolder)
                && isFolder.boolValue && !name.hasPrefix(".")
        }
    }
}
