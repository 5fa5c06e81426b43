import Foundation
import TesseraCore
import TesseraNetwork
import TesseraPruning

/// Inputs to watch a network with, one inference after the other.
struct CalibrationSamples {
    let network: Network
    let path: String
    /// The most that are used.
    let count: Int

    /// How many small samples run at once.
    private static let batch = 32

    /// Calls `body` with the inputs of each inference.
    ///
    /// - Throws: what reading and `body` throw.
    func forEach(_ body: ([String: Tensor]) throws -> Void) throws {
        if isFlatFolder {
            let folder = try InputFolder(network, folder: path)
            for index in folder.paths.indices.prefix(count) { try body(folder.inputs(at: index).tensors) }
        } else if isFolder || URL(fileURLWithPath: path).pathExtension.lowercased() == "safetensors" {
            for batch in try SampleReader(network).read(path, count: count).batches(of: batchSize) {
                try body(batch.inputs)
            }
        } else {
            try body(network.readInputs([path]).tensors)
        }
    }

    /// What the network's inputs allow.
    private var batchSize: Int {
        let sizes = network.graph.inputs.compactMap { input in
            (network.inputs[input.name]?.shape ?? input.shape).dimensions.first?.fixedSize
        }
        return sizes.min() ?? Self.batch
    }

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
