import Foundation
import TesseraCore
import TesseraNetwork

/// Inputs of several inferences, in the files of a folder, which are read one at a time.
public struct InputFolder: Sendable {
    private let network: Network
    /// Those that are the same for all inferences.
    private let fixed: [String: Tensor]
    /// Those that every file has.
    private let names: [String]
    /// The files, in the order of their names.
    public let paths: [String]

    private static let kinds = ["png", "jpg", "jpeg", "bmp", "webp", "npy", "safetensors"]

    /// - Parameters:
    ///   - folder: holds pictures, .npy or .safetensors files, each for one inference. If several inputs are left, a file has to
    ///     be a .safetensors with a tensor for each.
    ///   - fixed: inputs that are not in the files.
    /// - Throws: `inputOutput` if there is no such folder, `invalidArgument` if no file in it can be one.
    public init(_ network: Network, folder: String, fixed: [String: Tensor] = [:]) throws {
        let files: [String]
        do {
            files = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw TesseraError(.inputOutput, "cannot read the folder '\(folder)'", cause: error)
        }
        let url = URL(fileURLWithPath: folder)
        paths = files.filter { Self.kinds.contains(Self.kind(of: $0)) && !$0.hasPrefix(".") }.sorted()
            .map { url.appendingPathComponent($0).path }
        guard !paths.isEmpty else {
            throw TesseraError(
                .invalidArgument,
                "expected files named .\(Self.kinds.joined(separator: ", .")) in '\(folder)', found \(files.count) others"
            )
        }
        let all = network.graph.inputs.map(\.name)
        let left = all.filter { fixed[$0] == nil }
        (names, self.fixed) = left.isEmpty ? (all, [:]) : (left, fixed)
        self.network = network
        if names.count > 1, let other = paths.first(where: { Self.kind(of: $0) != "safetensors" }) {
            throw TesseraError(
                .invalidArgument,
                "expected .safetensors files with the inputs \(names.joined(separator: ", ")), found '\(other)'")
        }
    }

    /// Calls `body` with the inputs of each inference.
    ///
    /// - Throws: what reading the files and `body` throw.
    public func forEach(_ body: ([String: Tensor]) throws -> Void) throws {
        for index in paths.indices { try body(inputs(at: index).tensors) }
    }

    /// The inputs of the inference of one file.
    ///
    /// - Throws: `notFound` if there are not as many files, and what reading it throws.
    public func inputs(at index: Int) throws -> NetworkInputs {
        guard paths.indices.contains(index) else {
            throw TesseraError(.notFound, "expected a file from 0 to \(paths.count - 1), found \(index)")
        }
        var inputs = try network.readInputs(names.map { "\($0)=\(paths[index])" })
        inputs.tensors.merge(fixed) { own, _ in own }
        return inputs
    }

    private static func kind(of name: String) -> String { URL(fileURLWithPath: name).pathExtension.lowercased() }
}
