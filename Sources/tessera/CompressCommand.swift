import ArgumentParser
import Foundation
import Tessera

struct CompressCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compress",
        abstract: "Compresses weights with codecs of pictures, film and sound, and writes the network.",
        discussion: """
            Writes network.yaml and weights.tcw, which every other command takes; or the weights alone, if the output is named \
            .tcw, for --weights. 'tessera plugins' lists codecs and layouts with their options. What is given here goes before \
            what the file says.
            """)

    @OptionGroup var network: NetworkOptions
    @OptionGroup var target: NetworkFolderOptions
    @OptionGroup var plugins: PluginOptions

    @Option(help: "A file that says how weights are compressed.")
    var config: String?

    @Option(help: "The codec; auto, the lossless one that makes each layer smallest, by default.")
    var codec: String?

    @Option(
        name: .customLong("option"),
        help: ArgumentHelp("An option of the codec, such as level=22.", valueName: "KEY=VALUE"))
    var options: [String] = []

    @Option(help: "The quality of a lossy codec, 1 to 100; a codec that can be lossless is without.")
    var quality: Int?

    @Option(help: "Bits of the numbers that stand for weights, 1 to 16; 8 by default.")
    var bits: Int?

    @Option(
        help:
            "In place of --bits, the step of a grid through zero, as a part of the root mean square of a layer's weights."
    )
    var step: Double?

    @Option(
        help:
            "Of such a grid, the part of a step by which more weights are rounded towards 0, from 0 to 0.5: it takes fewer bits."
    )
    var deadZone: Double?

    @Flag(help: "With --step or a target, let two grids take turns, by the numbers of the weights before.")
    var dependent = false

    @Flag(help: "Give each output channel a range of its own.")
    var perChannel = false

    @Option(help: "The order in which weights become samples, in place of the one that suits the codec.")
    var layout: String?

    @Option(
        name: .customLong("layout-option"),
        help: ArgumentHelp("An option of the layout.", valueName: "KEY=VALUE"))
    var layoutOptions: [String] = []

    @Option(
        help: ArgumentHelp(
            "Of films, input and output channels of each frame, and columns and rows of kernels: 16x16 or 16x16x1x1.",
            valueName: "SIZES"))
    var block: String?

    @Flag(help: "Put output channels of similar size next to each other where that pays.")
    var reorder = false

    @Option(help: ArgumentHelp("A training file, on whose test pictures accuracy is measured.", valueName: "FILE"))
    var evaluate: String?

    @Option(help: "The most bytes of the file: the step or quality of each layer is searched.")
    var targetBytes: Int?

    @Option(
        help:
            "The most points of accuracy, or decibels, to lose, with --evaluate: the step or quality of each layer is searched."
    )
    var targetAccuracyDrop: Double?

    @Option(
        help: ArgumentHelp(
            "Inputs that show how much each layer matters, for targets: a folder or archive of pictures, or a .safetensors file.",
            valueName: "PATH"))
    var samples: String?

    @Option(help: ArgumentHelp("A folder within the samples, such as train.", valueName: "FOLDER"))
    var samplePart: String?

    @Option(help: "The most samples that are used; 512 by default.")
    var sampleCount: Int?

    @Option(help: ArgumentHelp("Write pictures of the weights to this folder.", valueName: "DIR"))
    var show: String?

    @OptionGroup var shapes: ShapeOptions
    @OptionGroup var threads: ThreadOptions

    @Flag(help: "Print one JSON object on standard output.")
    var json = false

    func run() throws {
        let isFile = target.output.lowercased().hasSuffix("." + CompressedWeights.fileExtension)
        if isFile {
            guard target.force || !FileManager.default.fileExists(atPath: target.output) else {
                throw TesseraError(.invalidArgument, "'\(target.output)' is there already: --force replaces it")
            }
        } else {
            _ = try target.checked()
        }
        let settings = try settings()
        let modules = try plugins.modules(settings.plugins)
        let network = try self.network.load(modules)
        let given = try shapes.given(for: network)
        if let show {
            let pictures = try WeightPictures(folder: show).write(network.compressibleTensors(inputs: given).weights)
            note("\(pictures.count) picture\(pictures.count == 1 ? "" : "s") of weights in \(show)")
        }
        let result = try NetworkCompression(
            network, settings, shapes: given, modules: modules,
            backend: try modules.backends.make(Modules.defaultBackend), threads: threads.count
        ).run()
        var report = result.report
        if isFile {
            try result.weights.write(to: target.output)
            report.file = target.output
        } else {
            let folder = NetworkFolder(target.output)
            try folder.write(network, compressed: result.weights)
            report.file = folder.networkPath
        }
        if json { try printJSON(report) } else { print(report) }
    }

    /// What the file says, with what the command line says over it.
    private func settings() throws -> CompressionFile {
        var settings = try config.map { try CompressionFile(path: $0) } ?? CompressionFile()
        settings.layer.codec.choose(codec)
        settings.layer.codec.options = try settings.layer.codec.options.adding(
            options + (quality.map { ["quality=\($0)"] } ?? []), of: "--option")
        if settings.layer.codec.name == WeightCodecChoice.auto, !(try settings.layer.codec.options.entries().isEmpty) {
            throw TesseraError(.invalidArgument, "'--option' and '--quality' are for a codec: give '--codec', too")
        }
        settings.layer.layout = try layoutChoice(over: settings.layer.layout)
        settings.layer.bits = bits ?? settings.layer.bits
        settings.layer.step = step ?? settings.layer.step
        settings.layer.deadZone = deadZone ?? settings.layer.deadZone
        settings.layer.dependent = dependent || settings.layer.dependent
        settings.layer.perChannel = perChannel || settings.layer.perChannel
        settings.layer.reorder = reorder || settings.layer.reorder
        if let block {
            let sizes = block.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
            guard !sizes.contains(nil) else {
                throw TesseraError(.invalidArgument, "'--block' expects sizes such as 16x16, found '\(block)'")
            }
            settings.layer.block = sizes.compactMap { $0 }
        }
        settings.evaluate = evaluate ?? settings.evaluate
        settings.targetBytes = targetBytes ?? settings.targetBytes
        settings.targetAccuracyDrop = targetAccuracyDrop ?? settings.targetAccuracyDrop
        if let samples { settings.samples = SampleSettings(path: samples) }
        if samplePart != nil || sampleCount != nil {
            guard var own = settings.samples else {
                throw TesseraError(.invalidArgument, "'--sample-part' and '--sample-count' are for '--samples'")
            }
            own.part = samplePart ?? own.part
            own.count = sampleCount ?? own.count
            settings.samples = own
        }
        try settings.validate()
        return settings
    }

    /// The layout that is given, with what the file says of it under it.
    private func layoutChoice(over base: WeightLayoutChoice?) throws -> WeightLayoutChoice? {
        guard var choice = base ?? layout.map({ WeightLayoutChoice($0) }) else {
            guard layoutOptions.isEmpty else {
                throw TesseraError(.invalidArgument, "'--layout-option' is for a layout: give '--layout', too")
            }
            return nil
        }
        choice.choose(layout)
        choice.options = try choice.options.adding(layoutOptions, of: "--layout-option")
        return choice
    }
}
