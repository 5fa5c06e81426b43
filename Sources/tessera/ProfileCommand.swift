import ArgumentParser
import Tessera

struct ProfileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile", abstract: "Measures every layer on this machine, for the file of a cluster.",
        discussion: """
            Every layer is measured whole and as halves, quarters and eighths of its rows, as nodes make them. What is written is \
            what 'profile:' names in the file of a cluster, see docs/planning.md.
            """)

    @OptionGroup var network: NetworkOptions
    @OptionGroup var plugins: PluginOptions

    @Flag(help: "Draw weights at random, the same each time.")
    var randomWeights = false

    @OptionGroup var shapes: ShapeOptions
    @OptionGroup var threads: ThreadOptions
    @OptionGroup var precision: PrecisionOptions
    @OptionGroup var fold: FoldOptions

    @Option(help: "How long all measurements take, in seconds, about.")
    var seconds = 10.0

    @Option(help: "The kernel backend; see 'tessera plugins'.")
    var backend = Modules.defaultBackend

    @Option(name: .shortAndLong, help: "The file to write.")
    var output: String

    func validate() throws {
        guard network.weights == nil || !randomWeights else {
            throw ValidationError("'--weights' and '--random-weights' exclude each other")
        }
        guard (0...86_400).contains(seconds) else {
            throw ValidationError("'--seconds' expects 0 to 86400, found \(seconds)")
        }
    }

    func run() throws {
        let modules = try plugins.modules()
        let network = try modules.loader.load(
            self.network.network, weights: randomWeights ? .random(seed: 1) : self.network.weights.map { .file($0) })
        var profiler = LayerProfiler(
            options: CompileOptions(threads: threads.count, precision: try precision.choice(for: network)),
            seconds: seconds)
        profiler.fold = !fold.noFold
        let profile = try profiler.measure(
            network, inputs: shapes.shapes(of: network), backend: modules.backends.make(backend))
        try writeFile(readableJSON(profile) + "\n", to: output)
        let layers = Set(profile.entries.map(\.signature)).count
        let macs = profile.entries.reduce(0.0) { $0 + Double($1.multiplyAccumulates) }
        let taken = profile.entries.reduce(0) { $0 + $1.seconds }
        print(
            "\(output): \(profile.entries.count) times of \(layers) different layers, "
                + "\(Int((macs / max(taken, 1e-12) / 1e8).rounded()) / 10) G MACs/s, \(profile.threads) threads, "
                + "\(profile.instructionSet), \(profile.machine)")
    }
}
