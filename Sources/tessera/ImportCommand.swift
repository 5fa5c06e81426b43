import ArgumentParser
import Foundation
import Tessera

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract:
            "Writes a model of another format as a network file, network.yaml, and its weights, weights.safetensors.")

    @Argument(help: "The model: a .onnx file.")
    var model: String

    @Option(name: .shortAndLong, help: "The folder that the files go to; it is made if it is not there.")
    var output: String

    @Flag(help: "Replace a network that was written there before.")
    var force = false

    func run() throws {
        let loader = Modules.builtin.loader
        let formats = loader.importers.map(\.format)
        guard formats.contains(URL(fileURLWithPath: model).pathExtension.lowercased()) else {
            throw TesseraError(
                .invalidArgument, "expected a file named .\(formats.joined(separator: " or .")), found '\(model)'")
        }
        let path = URL(fileURLWithPath: output).appendingPathComponent("network.yaml").path
        guard force || !FileManager.default.fileExists(atPath: path) else {
            throw TesseraError(
                .invalidArgument, "'\(path)' is there already, and may have been edited: --force replaces it")
        }
        var isFolder: ObjCBool = false
        guard !FileManager.default.fileExists(atPath: output, isDirectory: &isFolder) || isFolder.boolValue else {
            throw TesseraError(.invalidArgument, "'\(output)' is no folder")
        }
        let network = try loader.load(model)
        do {
            try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        } catch {
            throw TesseraError(.inputOutput, "cannot make the folder '\(output)'", cause: error)
        }
        try network.write(to: path, weightName: "weights.safetensors")
        print("\(path): \(network.graph.nodes.count) layers")
    }
}
