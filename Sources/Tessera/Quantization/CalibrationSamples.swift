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
    private static let batch = 8

    /// Calls `body` with the inputs of each inference.
    ///
    /// - Throws: what reading and `body` throw.
    func forEach(_ body: ([String: Tensor]) throws -> Void) throws {
        if isFlatFolder {
            let folder = try InputFolder(network, folder: path)
            for index in folder.paths.indices.prefix(count) { try body(folder.inputs(at: index).tensors) }
        } else if isFolder || ["safetensors", "tar", "gz", "tgz"].contains(fileExtension) {
            let samples = try SampleReader(network).read(path, count: count)
            for batch in try Self.batches(of: samples, for: network, size: Self.batch) { try body(batch.inputs) }
        } else {
            try body(network.readInputs([path]).tensors)
        }
    }

    private var fileExtension: String { URL(fileURLWithPath: path).pathExtension.lowercased() }

    /// Samples in batches that the network's inputs allow; of a network whose batch is fixed, what fills no batch is left out.
    ///
    /// - Parameter size: of a batch, where it is open.
    /// - Throws: `invalidArgument` if there are not enough for one.
    static func batches(of samples: LabelledSamples, for network: Network, size: Int) throws -> [LabelledSamples] {
        let fixed = network.graph.inputs.compactMap { input in
            (network.inputs[input.name]?.shape ?? input.shape).dimensions.first?.fixedSize
        }.min()
        let batches = try samples.batches(of: fixed ?? size)
        guard let fixed else { return batches }
        guard samples.count >= fixed else {
            throw TesseraError(
                .invalidArgument, "expected at least \(fixed) samples, the batch of the network, found \(samples.count)"
            )
        }
        return batches.filter { $0.count == fixed }
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
