import ArgumentParser
import Foundation
import Tessera

struct PruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Removes the channels that matter least, and writes the smaller network.",
        discussion: """
            Writes network.yaml and weights.safetensors. 'tessera plugins' lists saliency metrics and rules for amounts with their \
            options. What is given here goes before what the file says.
            """)

    @OptionGroup var network: NetworkOptions
    @OptionGroup var target: NetworkFolderOptions
    @OptionGroup var plugins: PluginOptions

    @Option(help: "A file that says how the network is pruned.")
    var config: String?

    @Option(help: "What says how much a channel matters; l2 by default.")
    var metric: String?

    @Option(
        name: .customLong("metric-option"),
        help: ArgumentHelp("An option of the metric, such as seed=3.", valueName: "KEY=VALUE"))
    var metricOptions: [String] = []

    @Option(
        help: ArgumentHelp(
            "How many channels go: a rule, with its main option, such as ratio=0.3 or target-macs=2; steepness by default.",
            valueName: "RULE[=VALUE]"))
    var amount: String?

    @Option(
        name: .customLong("option"),
        help: ArgumentHelp("An option of the rule, such as cap=0.5 or by=steepness.", valueName: "KEY=VALUE"))
    var amountOptions: [String] = []

    @Option(help: "Round what is kept of every layer up to a multiple of this many channels.")
    var roundTo: Int?

    @Option(help: ArgumentHelp("A layer that keeps all its channels.", valueName: "LAYER"))
    var keep: [String] = []

    @Option(
        help: ArgumentHelp(
            "Labelled samples: a folder of pictures with a sub-folder for each class, or a .safetensors file.",
            valueName: "PATH"))
    var samples: String?

    @Option(help: "The most samples that are used; 512 by default.")
    var sampleCount: Int?

    @Option(
        help: ArgumentHelp(
            "A training file: train after every step of pruning as it says, with what is pruned held at zero.",
            valueName: "FILE"))
    var retrain: String?

    @OptionGroup var shapes: ShapeOptions
    @OptionGroup var threads: ThreadOptions

    @Flag(help: "Do not measure latencies.")
    var noLatency = false

    @Option(help: "Draw the saliency curves, with the cut marked.")
    var svg: String?

    @Option(help: "Write the saliency curves as a table.")
    var csv: String?

    @Flag(help: "Print one JSON object on standard output.")
    var json = false

    func run() throws {
        let folder = try target.checked()
        let file = try config.map { try PruningFile(path: $0) } ?? PruningFile()
        let modules = try plugins.modules(file.plugins)
        let settings = try settings(over: file, modules)
        let network = try self.network.load(modules)
        var pruning = NetworkPruning(
            network, settings, shapes: try shapes.shapes(of: network), modules: modules,
            backend: try modules.backends.make(Modules.defaultBackend), threads: threads.count)
        if noLatency { pruning.latencySeconds = nil }
        if let retrain = settings.retrain {
            let progress = TrainingProgress(epochs: try TrainingFile(path: retrain).epochs, network: network.name)
            pruning.observe = { progress.show($0) }
        }
        let result = try pruning.run()
        try folder.write(result.network)
        var report = result.report
        report.after.weight_bytes = fileByteCount(folder.weightPath)
        report.file = folder.networkPath
        if let svg { try writeFile(report.svg(), to: svg) }
        if let csv { try writeFile(report.csv, to: csv) }
        if json { try printJSON(report) } else { print(report) }
    }

    /// What the file says, with what the command line says over it.
    private func settings(over file: PruningFile, _ modules: Modules) throws -> PruningFile {
        var settings = file
        settings.metric.choose(metric)
        settings.metric.options = try settings.metric.options.adding(metricOptions, of: "--metric-option")
        if let amount {
            let given = try AmountChoice(text: amount, option: "--amount", rules: modules.pruningAmounts)
            // Options belong to the rule they were written for.
            if given != AmountChoice(settings.amount.name) { settings.amount = given }
        }
        settings.amount.options = try settings.amount.options.adding(amountOptions, of: "--option")
        try checkAmountOptions(of: settings, modules)
        settings.roundTo = roundTo ?? settings.roundTo
        settings.keep += keep
        settings.retrain = retrain ?? settings.retrain
        if let samples {
            var own = settings.samples ?? SampleSettings()
            own.path = samples
            settings.samples = own
        }
        if let sampleCount {
            guard settings.samples != nil else {
                throw TesseraError(.invalidArgument, "'--sample-count' is for '--samples'")
            }
            settings.samples?.count = sampleCount
        }
        try settings.validate()
        try settings.samples?.validate()
        return settings
    }

    /// - Throws: `invalidArgument` for an '--option' that the rule has not, which says so if the metric has it.
    private func checkAmountOptions(of settings: PruningFile, _ modules: Modules) throws {
        let rule = try modules.pruningAmounts.module(settings.amount.name)
        let known = rule.keys.map(\.name)
        for argument in amountOptions where !rule.takesAnyKey {
            let key = argument.prefix { $0 != "=" }.description
            guard !known.contains(key) else { continue }
            let metric = try modules.saliencyMetrics.module(settings.metric.name)
            let isOfMetric = metric.keys.contains { $0.name == key }
            throw TesseraError(
                .invalidArgument,
                "'--option' sets up the amount rule '\(rule.name)', unknown key '\(key)'"
                    + (isOfMetric
                        ? "; the metric '\(metric.name)' has it: '--metric-option \(argument)'"
                        : suggestion(for: key, among: known)))
        }
    }
}
