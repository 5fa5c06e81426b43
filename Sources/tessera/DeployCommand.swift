import ArgumentParser
import Foundation
import Tessera

struct DeployCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy", abstract: "Runs a configured network on configured nodes.",
        discussion: """
            The nodes are those of the file, or N that are started for this run: in this process (--local) or as processes of \
            this host (--spawn).
            """)

    @Argument(help: "The deployment file.")
    var deployment: String

    @Option(help: "A weight file (.safetensors or .tcw) in place of the network's own.")
    var weights: String?

    @OptionGroup var values: ValueOptions
    @OptionGroup var plugins: PluginOptions

    @OptionGroup var members: MemberOptions
    @OptionGroup var partition: PartitionOptions
    @OptionGroup var threads: ThreadOptions
    @OptionGroup var precision: PrecisionOptions
    @OptionGroup var fold: FoldOptions
    @OptionGroup var tune: TuneOptions

    @Option(help: "Run the inference this many times; the latency is the median.")
    var runs = 1

    @Option(help: "Run the inference again and again for this many seconds.")
    var seconds: Double?

    @Option(
        help: ArgumentHelp(
            "Run every picture, .npy or .safetensors file of a folder, several at once. Outputs are named after it: --output 'clean/{name}.png'.",
            valueName: "FOLDER"))
    var stream: String?

    @Option(help: "How many files of a stream are under way at once; one more than there are nodes by default.")
    var atOnce: Int?

    @Flag(help: "Also run on this process alone, and compare the results of all runs, in f32 to the bit.")
    var verify = false

    @Option(help: "Write a picture of the plan.")
    var svg: String?

    @Option(
        help: "Write a picture of what every device did when, in the inference whose latency is told or in a stream.")
    var timeline: String?

    @Option(
        help: ArgumentHelp(
            "While it runs, answer GET /metrics of the leader in the Prometheus text format: a port of 127.0.0.1, or host:port.",
            valueName: "PORT"))
    var metrics: String?

    @Flag(help: "Print one JSON object on standard output.")
    var json = false

    func validate() throws {
        guard runs >= 1 else { throw ValidationError("'--runs' expects at least 1, found \(runs)") }
        guard seconds.map({ $0 > 0 && $0 <= 1e6 }) ?? true else {
            throw ValidationError("'--seconds' expects a number above 0, up to 1000000, found \(seconds ?? 0)")
        }
        guard atOnce.map({ (1...1024).contains($0) }) ?? true else {
            throw ValidationError("'--at-once' expects 1 to 1024, found \(atOnce ?? 0)")
        }
        guard stream != nil || atOnce == nil else { throw ValidationError("'--at-once' is for '--stream'") }
        guard stream == nil || (runs == 1 && seconds == nil && !verify) else {
            throw ValidationError("'--stream' goes with none of '--runs', '--seconds' and '--verify'")
        }
        if stream != nil, let output = values.outputs.first(where: { !$0.contains(Self.placeholder) }) {
            throw ValidationError(
                "'--output' expects \(Self.placeholder) in the path of a stream's output, found '\(output)'")
        }
    }

    func run() async throws {
        startLogging(default: .warning)
        keepMemory()
        var file = try DeploymentFile(path: deployment)
        file.partition = try partition.choice(over: file.partition)
        file.precision = try precision.choice(over: file.precision)
        let modules = try plugins.modules(file.plugins)
        let choice = try members.transport(of: file)
        let job = try await MPIJob.join(choice, threads: threads.threads ?? file.threads, modules: modules)
        if let job, !job.leads { return await job.serve() }
        do {
            try await run(file, transport: choice, job, modules)
        } catch {
            await job?.leave()
            throw error
        }
    }

    private func run(
        _ file: DeploymentFile, transport: TransportChoice?, _ job: MPIJob?, _ modules: Modules
    ) async throws {
        let network = try modules.loader
            .load(file.network, weights: (weights ?? file.weights?.file).map { .file($0) })
        let folder = try stream.map {
            try InputFolder(network, folder: $0, fixed: network.readInputs(values.inputs).tensors)
        }
        let inputs = try folder.map { try $0.inputs(at: 0) } ?? values.read(for: network)
        let (deployed, coded) = try fold.apply(to: network).coded(
            by: file.weights?.compression, inputs: inputs.shapes, modules: modules,
            backend: modules.backends.make(Modules.defaultBackend), threads: threads.count)
        let graph = try deployed.bound(inputs: inputs.shapes)
        NetworkOptions.noteUnusedWeights(of: network)

        let deployment = try await Deployment.start(
            graph, partition: file.partition, transport: transport,
            members: job.map { .joined($0.transport) } ?? members.members(of: file),
            security: members.security(of: file), threads: threads.threads ?? file.threads, exact: file.exact,
            precision: file.precision, tune: tune.tune || file.tune, timed: timeline != nil, coded: coded,
            modules: modules)
        let results: [String: Tensor]
        var report: DeploymentReport
        var server: MetricsServer?
        do {
            if let metrics {
                server = try await NodeCommand.serveMetrics(
                    of: deployment.cluster.leader, at: MetricsAddress(metrics))
            }
            if let folder {
                (results, report) = ([:], try await run(folder, of: network, shapes: inputs.shapes, on: deployment))
            } else {
                (results, report) = try await measure(deployment, inputs.tensors)
            }
        } catch {
            await deployment.close()
            throw error
        }
        await server?.close()
        await deployment.close()
        if folder == nil { try network.writeOutputs(results, to: values.outputs, for: inputs) }
        if let svg { try writeFile(deployment.plan.svg(), to: svg) }
        if let timeline, let measured = report.timeline {
            let title = "\(network.name), \(deployment.plan.strategy)"
            try writeFile(measured.timeline.svg(title: title), to: timeline)
            if !measured.isComplete { note("note: more happened than is kept, so the end of the timeline is missing") }
        }
        if verify {
            let session = try Session(
                graph, backend: modules.backends.make(Modules.defaultBackend),
                options: CompileOptions(
                    threads: threads.count, precision: deployment.precision, kernels: deployment.kernels))
            report.compare(results, with: try session.run(inputs.tensors))
        }
        if json { try printJSON(report) } else { print(report) }
        if report.identical == false, deployment.isExact {
            throw TesseraError(.backendFailure, "the result differs from the single node's")
        }
    }

    private func measure(_ deployment: Deployment, _ inputs: [String: Tensor]) async throws -> (
        [String: Tensor], DeploymentReport
    ) {
        var results: [String: Tensor] = [:]
        var differing: [String: Tensor]?
        var reports: [(plan: Plan, report: ClusterTask.Report, timeline: MeasuredTimeline?)] = []
        let end = ContinuousClock.now + .seconds(seconds ?? 0)
        while reports.count < runs || ContinuousClock.now < end {
            let (outputs, report) = try await deployment.run(inputs)
            // One that differs from the others is what is compared with the single node's.
            if verify, !reports.isEmpty, outputs != results { differing = differing ?? outputs }
            results = differing ?? outputs
            let measured = timeline == nil ? nil : try await deployment.timeline()
            reports.append((await deployment.currentPlan, report, measured))
        }
        let latencies = reports.map(\.report.latency)
        reports.sort { $0.report.latency < $1.report.latency }
        let median = reports[reports.count / 2]
        var report = DeploymentReport(
            median.plan, median.report, distributed: await deployment.distributedByteCount,
            saved: await deployment.savedByteCount, recovered: await deployment.recovered)
        report.timeline = median.timeline.map(TimelineReport.init)
        report.note(latencies)
        return (results, report)
    }

    /// Stands for a file's name without its extension in the paths of a stream's outputs.
    private static let placeholder = "{name}"

    /// Runs every file of a folder. The plan is for one set of sizes, so all files must have those of the first.
    private func run(
        _ folder: InputFolder, of network: Network, shapes: [String: Shape], on deployment: Deployment
    ) async throws -> DeploymentReport {
        var waiting: [Int: NetworkInputs] = [:]
        func outputs(_ index: Int) -> [String] {
            let name = URL(fileURLWithPath: folder.paths[index]).deletingPathExtension().lastPathComponent
            return values.outputs.map { $0.replacingOccurrences(of: Self.placeholder, with: name) }
        }
        var sources: [String: String] = [:]
        for (index, path) in folder.paths.enumerated() {
            try network.checkOutputs(outputs(index))
            for output in outputs(index) {
                if let other = sources.updateValue(path, forKey: output) {
                    throw TesseraError(
                        .invalidArgument, "'\(other)' and '\(path)' would both be written to '\(output)'")
                }
            }
        }
        let report = try await deployment.stream(atOnce: atOnce ?? deployment.plan.nodeCount + 1) { index in
            guard folder.paths.indices.contains(index) else { return nil }
            let inputs = try folder.inputs(at: index)
            for (name, shape) in inputs.shapes.sorted(by: { $0.key < $1.key }) where shapes[name] != shape {
                throw TesseraError(
                    .shapeMismatch,
                    "'\(folder.paths[index])': expected the shape of the first file, \(shapes[name] ?? shape), for input '\(name)', found \(shape)"
                )
            }
            waiting[index] = inputs
            return inputs.tensors
        } output: { index, results in
            try network.writeOutputs(results, to: outputs(index), for: waiting.removeValue(forKey: index) ?? .init())
        }
        var all = DeploymentReport(
            await deployment.currentPlan, report, distributed: await deployment.distributedByteCount,
            saved: await deployment.savedByteCount, recovered: await deployment.recovered)
        if timeline != nil { all.timeline = TimelineReport(try await deployment.timeline()) }
        return all
    }
}
