import ArgumentParser
import Foundation
import Tessera

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs one inference on this machine.")

    @OptionGroup var network: NetworkOptions
    @OptionGroup var threads: ThreadOptions
    @OptionGroup var fold: FoldOptions
    @OptionGroup var tune: TuneOptions
    @OptionGroup var plugins: PluginOptions

    @OptionGroup var values: ValueOptions

    @OptionGroup var precision: PrecisionOptions

    @Option(help: "The kernel backend; see 'tessera plugins'.")
    var backend = Modules.defaultBackend

    @Flag(help: "Print one JSON object on standard output.")
    var json = false

    private struct Report: Encodable {
        let network: String
        let threads: Int
        let load_ms: Double
        let latency_ms: Double
        let outputs: [String: [Int]]
        let results: [String: NetworkReport.Entry]
    }

    func run() throws {
        let start = ContinuousClock.now
        let modules = try plugins.modules()
        var network = try network.load(modules)
        let precision = try precision.choice(for: network, quantizes: true)
        let inputs = try values.read(for: network)
        if self.precision.isInteger {
            network = try network.quantizedOnTheFly(
                inputs.tensors, backend: modules.backends.make(backend), threads: threads.count)
        }
        let session = try network.session(
            inputs: inputs.shapes, backend: modules.backends.make(backend),
            options: CompileOptions(threads: threads.count, precision: precision), fold: !fold.noFold,
            tune: tune.tune)
        let loaded = ContinuousClock.now
        NetworkOptions.noteUnusedWeights(of: network)
        let tensors = try session.run(inputs.tensors)
        let done = ContinuousClock.now
        let report = try NetworkReport(network, of: tensors, for: inputs)
        try network.writeOutputs(tensors, to: values.outputs, for: inputs)
        guard json else { return print(try report.text) }
        try printJSON(
            Report(
                network: network.name, threads: threads.count, load_ms: (loaded - start).milliseconds,
                latency_ms: (done - loaded).milliseconds, outputs: tensors.mapValues(\.shape.dimensions),
                results: report.entries))
    }
}
