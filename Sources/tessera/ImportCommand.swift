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

    @OptionGroup var target: NetworkFolderOptions
    @OptionGroup var plugins: PluginOptions

    func run() throws {
        let loader = try plugins.modules().loader
        let formats = loader.importers.map(\.format)
        guard formats.contains(URL(fileURLWithPath: model).pathExtension.lowercased()) else {
            throw TesseraError(
                .invalidArgument, "expected a file named .\(formats.joined(separator: " or .")), found '\(model)'")
        }
        let folder = try target.checked()
        let network = try loader.load(model)
        try folder.write(network)
        print("\(folder.networkPath): \(network.graph.nodes.count) layers")
    }
}
