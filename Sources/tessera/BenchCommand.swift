import ArgumentParser
import Tessera

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures how long a network takes on this machine.",
        discussion: """
            Where only the batch is open it is 1. Inputs that are not given are random numbers, the same each time. \
            All times are milliseconds; docs/performance.md says what each figure means.
            """)

    @OptionGroup var network: NetworkOptions
    @OptionGroup var plugins: PluginOptions

    @Flag(help: "Draw weights at random, the same each time.")
    var randomWeights = false

    @OptionGroup var shapes: ShapeOptions
    @OptionGroup var threads: ThreadOptions
    @OptionGroup var precision: PrecisionOptions
    @OptionGroup var fold: FoldOptions
    @OptionGroup var tune: TuneOptions

    @Option(help: "How long to repeat the inference, in seconds; there are at least 3 runs.")
    var seconds = 3.0

    @Option(help: "Inferences before those that are measured, after the first.")
    var warmUp = 2

    @Option(help: "The kernel backend; see 'tessera plugins'.")
    var backend = Modules.defaultBackend

    @Flag(help: "Measure steps of training instead of inferences.")
    var training = false

    @Flag(help: "Measure each layer, too.")
    var profile = false

    @Option(help: "Write a chart of the layers.")
    var svg: String?

    @Option(help: "Write a trace of some inferences, which chrome://tracing and Perfetto show.")
    var trace: String?

    @Flag(help: "Print one JSON object on standard output.")
    var json = false

    func validate() throws {
        guard network.weights == nil || !randomWeights else {
            throw ValidationError("'--weights' and '--random-weights' exclude each other")
        }
        guard !training || (!profile && svg == nil && trace == nil && !tune.tune) else {
            throw ValidationError("'--training' goes with none of '--profile', '--svg', '--trace' and '--tune'")
        }
        guard (0...86_400).contains(seconds) else {
            throw ValidationError("'--seconds' expects 0 to 86400, found \(seconds)")
        }
        guard (0...Benchmark.maximumRuns).contains(warmUp) else {
            throw ValidationError("'--warm-up' expects 0 to \(Benchmark.maximumRuns), found \(warmUp)")
        }
    }

    func run() throws {
        var stopwatch = LoadingStopwatch()
        let modules = try plugins.modules()
        let network = try modules.loader.load(
            self.network.network, weights: randomWeights ? .random(seed: 1) : self.network.weights.map { .file($0) })
        let given = try network.readInputs(shapes.inputs).tensors
        let inputs = try network.randomInputs(shapes.shapes(of: network)).merging(given) { $1 }
        if training { return try measureTraining(network, inputs, modules) }
        var benchmark = Benchmark(
            options: CompileOptions(
                threads: threads.count, precision: try precision.choice(for: network, quantizes: true)),
            seconds: seconds, warmUp: warmUp, isProfiled: profile || svg != nil || trace != nil)
        (benchmark.fold, benchmark.tune) = (!fold.noFold, tune.tune)
        let kernels = try modules.backends.make(backend)
        let measured =
            precision.isInteger
            ? try network.quantizedOnTheFly(inputs, backend: kernels, threads: threads.count) : network
        // Whoever deploys a quantized network has quantized it before.
        if precision.isInteger { stopwatch = LoadingStopwatch() }
        let report = try benchmark.measure(
            measured, inputs: inputs, backend: kernels, since: stopwatch)
        NetworkOptions.noteUnusedWeights(of: network)
        if let svg { try writeFile(report.svg(), to: svg) }
        if let trace, let profile = report.profile {
            try writeFile(ChromeTrace(profile, named: network.name).json, to: trace)
        }
        if json { try printJSON(report) } else { print(report) }
    }

    private func measureTraining(_ network: Network, _ inputs: [String: Tensor], _ modules: Modules) throws {
        let precision = try TrainingPrecision(configuration: (self.precision.precision ?? "f32").configuration)
        let report = try TrainingBenchmark(
            network, inputs: inputs, backend: modules.trainer(of: modules.backends.make(backend)),
            threads: threads.count,
            precision: precision, seconds: seconds)
        if json { try printJSON(report) } else { print(report) }
    }
}
