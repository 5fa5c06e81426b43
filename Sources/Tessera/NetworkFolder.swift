import Foundation
import TesseraCore
import TesseraNetwork

/// A folder that a network is written to: network.yaml, and its weights, weights.safetensors.
public struct NetworkFolder: Sendable {
    public let path: String

    public init(_ path: String) { self.path = path }

    public static let weightName = "weights.safetensors"

    /// The path of the network file.
    public var networkPath: String { URL(fileURLWithPath: path).appendingPathComponent("network.yaml").path }
    /// The path of the weights.
    public var weightPath: String { URL(fileURLWithPath: path).appendingPathComponent(Self.weightName).path }

    /// Checks that a network can be written here.
    ///
    /// - Parameters:
    ///   - force: whether a network that is there may be replaced.
    ///   - hint: what makes it be replaced, for the message.
    /// - Throws: `invalidArgument` if there is a network that must not be replaced, or a file in the folder's place.
    public func check(force: Bool, hint: String) throws {
        guard force || !FileManager.default.fileExists(atPath: networkPath) else {
            throw TesseraError(
                .invalidArgument, "'\(networkPath)' is there already, and may have been edited: \(hint) replaces it")
        }
        var isFolder: ObjCBool = false
        guard !FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) || isFolder.boolValue else {
            throw TesseraError(.invalidArgument, "'\(path)' is no folder")
        }
    }

    /// Writes both files, and makes the folder if it is not there.
    public func write(_ network: Network) throws {
        try FileManager.default.makeFolder(path)
        try network.write(to: networkPath, weightName: Self.weightName)
    }
}
