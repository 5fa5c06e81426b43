import Foundation
import TesseraCompression
import TesseraCore
import TesseraNetwork

/// Pictures of a network's weights, for people to look at: those that image codecs are given (METHODS.md B3, B4, B5), the smallest weight
/// of a layer black and the largest white.
public struct WeightPictures: Sendable {
    public let folder: String

    public init(folder: String) { self.folder = folder }

    /// Writes a PNG file for every matrix of every layer, named after the weight.
    ///
    /// - Returns: the paths of the files.
    /// - Throws: `limitExceeded` for a layer that is no picture, being too large.
    public func write(_ weights: [CompressibleTensor]) throws -> [String] {
        try FileManager.default.makeFolder(folder)
        return try weights.flatMap { weight in
            try locatingErrors(path: weight.name) {
                let frames = try LayerEncoder(weight).frames(bits: 8)
                return try (0..<frames.format.count).map { index in
                    let size = frames.format.frameSampleCount
                    // Integers of few bits fill the range of greys, too.
                    let scale = 255 / max(1, Int(frames.format.largest))
                    let pixels = frames.samples[index * size..<(index + 1) * size].map { UInt8(Int($0) * scale) }
                    let picture = try Picture(
                        width: frames.format.width, height: frames.format.height, channels: 1, pixels: pixels)
                    let suffix = frames.format.count > 1 ? ".\(index)" : ""
                    let name = weight.name.replacing("/", with: "_") + suffix + ".png"
                    let path = URL(fileURLWithPath: folder).appendingPathComponent(name).path
                    try picture.write(to: path)
                    return path
                }
            }
        }
    }
}
