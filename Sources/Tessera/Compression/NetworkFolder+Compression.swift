import Foundation
import TesseraCompression
import TesseraCore
import TesseraNetwork

extension NetworkFolder {
    /// The name of compressed weights in the folder.
    public static let compressedWeightName = "weights." + CompressedWeights.fileExtension

    /// Writes the network file, and compressed weights beside it.
    public func write(_ network: Network, compressed weights: CompressedWeights) throws {
        try FileManager.default.makeFolder(path)
        let target = URL(fileURLWithPath: path).appendingPathComponent(Self.compressedWeightName).path
        try weights.write(to: target)
        try writeFile(network.fileText(weights: Self.compressedWeightName.configuration), to: networkPath)
    }
}
