import ArgumentParser
import Foundation
import Tessera

struct QuantizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quantize",
        abstract: "Turns weights and activations into small integers, and writes the network.",
        discussion: """
            Writes network.yaml and weights.safetensors, which every other command takes. Ranges of activations are observed with \
            samples. 'tessera plugins' lists calibration methods with their options. What is given here goes before what the \
            file says.
            """)

    @OptionGroup var network: NetworkOptions
    @OptionGroup var target: NetworkFolderOptions
    @OptionGroup var plugins: PluginOptions

    @Option(help: "A file that says how the network is quantized.")
    var config: String?

    @Option(
        help: ArgumentHelp(
            "Samples: a picture, .npy or .safetensors file, a folder of them, or of a sub-folder of pictures for each class.",
            valueName: "PATH"))
    var calibrate: String?

    @Option(help: "The most samples that are used; 128 by default.")
    var count: Int?

    @Option(help: "What chooses the ranges of activations; minmax by default.")
    var method: String?

    @Option(
        name: .customLong("option"),
        help: ArgumentHelp("An option of the method, such as percentile=99.9.", valueName: "KEY=VALUE"))
    var options: [String] = []

    @Option(help: ArgumentHelp("Bits of weights and of activations, 2 to 8; 8,8 by default.", valueName: "W,A"))
    var bits: String?

    @Option(
        name: .customLong("target"),
        help: "The processors that it is for: auto, avx2 (weights of at most 7 bits), or vnni.")
    var processor: String?

    @Option(help: "How weights are rounded: nearest or adaround.")
    var rounding: String?

    @Flag(inversion: .prefixedNo, help: "Let biases take back what rounding changes on average.")
    var biasCorrection: Bool?

    @Flag(help: "Scale channels so that neighbouring layers have the same ranges.")
    var equalize = false

    @Option(help: ArgumentHelp("A layer that stays in f32.", valueName: "LAYER"))
    var keep: [String] = []

    @Option(help: "The part of the multiply-accumulates that may stay in f32, where quantization costs most.")
    var floatPart: Double?

    @Flag(help: "Find out what each layer costs by itself.")
    var sensitivity = false

    @Option(help: ArgumentHelp("Labelled samples to measure the accuracy on, before and after.", valueName: "PATH"))
    var evaluate: String?

    @Option(help: ArgumentHelp("Write scales and offsets as AIMET's encodings.", valueName: "FILE"))
    var encodings: String?

    @OptionGroup var threads: ThreadOptions

    @Flag(help: "Print one JSON object on standard output.")
    var json = false

    func run() throws {
        let folder = try target.checked()
        let settings = try settings()
        let modules = try plugins.modules(settings.plugins)
        let network = try self.network.load(modules)
        let quantization = NetworkQuantization(
            network, settings, modules: modules, backend: try modules.backends.make(Modules.defaultBackend),
            threads: threads.count)
        let result = try quantization.run()
        try folder.write(result.network)
        var report = result.report
        if case .file(let path) = network.weights { report.weight_bytes_before = fileByteCount(path) }
        report.weight_bytes_after = fileByteCount(folder.weightPath)
        report.file = folder.networkPath
        if let encodings { try writeFile(EncodingsFile(result.quantized).json, to: encodings) }
        if json { try printJSON(report) } else { print(report) }
    }

    /// What the file says, with what the command line says over it.
    private func settings() throws -> QuantizationFile {
        var settings = try config.map { try QuantizationFile(path: $0) } ?? QuantizationFile()
        settings.method.choose(method)
        settings.method.options = try settings.method.options.adding(options, of: "--option")
        if let bits {
            let parts = bits.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
            guard parts.count == 2, let weights = parts[0], let activations = parts[1] else {
                throw TesseraError(.invalidArgument, "'--bits' expects W,A such as 8,8, found '\(bits)'")
            }
            (settings.quantization.weightBits, settings.quantization.activationBits) = (weights, activations)
        }
        if let processor {
            settings.quantization.target = try locatingErrors(path: "--target") {
                try IntegerTarget(configuration: processor.configuration)
            }
        }
        if let rounding {
            settings.quantization.rounding = try locatingErrors(path: "--rounding") {
                try WeightRounding(configuration: rounding.configuration)
            }
        }
        settings.quantization.correctsBias = biasCorrection ?? settings.quantization.correctsBias
        settings.quantization.equalizes = equalize || settings.quantization.equalizes
        settings.quantization.keep += keep
        settings.floatPart = floatPart ?? settings.floatPart
        settings.sensitivity = sensitivity || settings.sensitivity
        settings.samples = calibrate ?? settings.samples
        settings.count = count ?? settings.count
        settings.evaluate = evaluate ?? settings.evaluate
        try settings.validate()
        return settings
    }
}
