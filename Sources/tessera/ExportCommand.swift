import ArgumentParser
import Tessera

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Writes a network as an ONNX model.")

    @OptionGroup var network: NetworkOptions
    @OptionGroup var plugins: PluginOptions

    @Option(name: .shortAndLong, help: "The .onnx file to write.")
    var output: String

    @Option(
        name: .customLong("size"),
        help: ArgumentHelp(
            "A size to check the network with in place of a name that leaves it open, such as height=224; it stays open in the model. Needed only where no common size fits.",
            valueName: "NAME=SIZE"))
    var sizes: [String] = []

    func run() throws {
        guard output.hasSuffix(".onnx") else {
            throw TesseraError(.invalidArgument, "expected an output named .onnx, found '\(output)'")
        }
        let network = try self.network.load(plugins.modules())
        var exporter = ONNXExporter()
        for argument in sizes {
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, let size = Int(parts[1]), size > 0 else {
                throw TesseraError(
                    .invalidArgument,
                    "'--size' expects NAME=SIZE, found '\(argument)'")
            }
            exporter.sizes[parts[0]] = size
        }
        try exporter.write(network, to: output)
        print("\(output): \(network.graph.nodes.count) layers")
    }
}
