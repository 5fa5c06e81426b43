import TesseraCore
import TesseraNetwork
import TesseraPruning
import TesseraRuntime
import TesseraTraining

/// Prunes a network as a file or the command line says, and makes it smaller.
public struct NetworkPruning: Sendable {
    public let network: Network
    public let settings: PruningFile
    private let modules: Modules
    private let backend: any KernelBackend
    private let threads: Int
    /// The shape of every input.
    private let shapes: [String: Shape]
    /// How long each latency is measured, in seconds; nil for not at all.
    public var latencySeconds: Double? = 0.5
    /// Trains after every step of the schedule; nil for what the settings say.
    public var retrainer: (any Retrainer)?
    /// In place of the training file that the settings name.
    public var retraining: TrainingFile?
    /// Told how training goes that the settings ask for.
    public var observe: @Sendable (TrainingEvent) -> Void = { _ in }
    /// In place of the loss over the samples.
    public var objective: (any PruningObjective)?

    /// - Parameter shapes: the shape of every input whose declared shape leaves sizes open.
    public init(
        _ network: Network, _ settings: PruningFile, shapes: [String: Shape], modules: Modules = .builtin,
        backend: any KernelBackend, threads: Int = 1
    ) {
        (self.network, self.settings, self.shapes) = (network, settings, shapes)
        (self.modules, self.backend, self.threads) = (modules, backend, threads)
    }

    /// What came of it.
    public struct Result: Sendable {
        /// The smaller network.
        public let network: Network
        public let dependencies: ChannelDependencies
        public let choice: Pruner.Choice
        public let report: PruningReport
    }

    private var options: CompileOptions { CompileOptions(threads: threads) }

    /// - Throws: `notFound` for a metric, rule or layer that there is not, `invalidArgument` for what cannot be pruned.
    public func run() throws -> Result {
        let metric = try modules.saliencyMetrics.make(settings.metric.name, settings.metric.options)
        let amount = try modules.pruningAmounts.make(settings.amount.name, settings.amount.options)
        let samples = try settings.samples.map {
            try SampleReader(network).read($0.path, part: $0.part, count: $0.count)
        }
        let dependencies = try ChannelDependencies(network.bound(inputs: shapes), keeping: settings.keep)
        var pruner = Pruner(metric: metric, amount: amount)
        pruner.metricName = settings.metric.name
        let trainer = try retrainer == nil ? trainer(dependencies) : nil
        (pruner.multiple, pruner.schedule, pruner.retrainer) = (
            settings.roundTo, settings.schedule, retrainer ?? trainer
        )
        // What is smaller trains faster, to what the masked network would come to.
        pruner.retrainsAtEnd = trainer == nil
        let loss = try sampleLoss(dependencies, samples)
        let context = SaliencyContext(dependencies, objective: try objective ?? gradients(loss, samples, dependencies))
        let choice = try pruner.choose(
            in: context, operations: { try operations($0, dependencies) }, latency: { try latency($0, dependencies) })
        var small = try network.compacted(choice.mask, dependencies, weights: choice.weights)
        if let trainer {
            small = try trainer.trained(small, step: settings.schedule.fractions.count - 1)
        } else if let samples, settings.samples?.batchNorm == true, retrainer == nil {
            small = try small.reestimatingBatchNorms(
                samples, batch: settings.samples?.batch ?? 128, backend: backend, options: options)
        }
        var report = PruningReport(network: network, settings: settings, dependencies: dependencies, choice: choice)
        report.before = try totals(network, loss, dependencies)
        report.after = try totals(small, samples.flatMap { try smallLoss(small, $0) }, nil)
        return Result(network: small, dependencies: dependencies, choice: choice, report: report)
    }

    // MARK: Training

    private func trainer(_ dependencies: ChannelDependencies) throws -> TrainingRetrainer? {
        guard let file = try retraining ?? settings.retrain.map(TrainingFile.init(path:)) else { return nil }
        guard file.quantization == nil else {
            throw TesseraError(
                .invalidArgument,
                "expected a training file without 'quantization' to train what is pruned: quantize it afterwards",
                path: "retrain" + (settings.retrain.map { " '\($0)'" } ?? ""))
        }
        return TrainingRetrainer(
            file: file, network: try network.rebuilt(dependencies, weights: [:]),
            modules: modules, backend: backend, threads: threads, observe: observe)
    }

    /// The loss over the samples with its gradients, where the backend computes them.
    private func gradients(
        _ loss: SampleLoss?, _ samples: LabelledSamples?, _ dependencies: ChannelDependencies
    ) throws -> (any PruningObjective)? {
        guard let loss, let samples, let settings = settings.samples, let trainer = try? modules.trainer(of: backend)
        else { return loss }
        return TrainableLoss(
            forward: loss, network: try network.rebuilt(dependencies, weights: [:]), samples: samples,
            settings: settings, backend: trainer, threads: threads)
    }

    // MARK: Measuring

    private func sampleLoss(_ dependencies: ChannelDependencies, _ samples: LabelledSamples?) throws -> SampleLoss? {
        guard let samples, samples.expected != nil, let settings = settings.samples else { return nil }
        return try SampleLoss(
            network, dependencies, samples, kind: settings.loss, output: settings.output, batch: settings.batch,
            backend: backend, options: options)
    }

    private func smallLoss(_ small: Network, _ samples: LabelledSamples) throws -> SampleLoss? {
        guard samples.expected != nil, let settings = settings.samples else { return nil }
        return try SampleLoss(
            small, ChannelDependencies(small.bound(inputs: shapes)), samples, kind: settings.loss,
            output: settings.output, batch: settings.batch, backend: backend, options: options)
    }

    private func operations(_ mask: PruningMask, _ dependencies: ChannelDependencies) throws -> Int {
        let small = try network.compactedWithoutWeights(mask, dependencies)
        return try small.boundWithoutWeights(inputs: shapes).multiplyAccumulates.reduce(0, Shape.saturatingSum)
    }

    private func latency(_ mask: PruningMask, _ dependencies: ChannelDependencies) throws -> Double {
        try latency(network.compacted(mask, dependencies), seconds: latencySeconds ?? 0.5)
    }

    private func latency(_ network: Network, seconds: Double) throws -> Double {
        try Benchmark(options: options, seconds: seconds)
            .measure(network, inputs: network.randomInputs(shapes), backend: backend).timings.median
    }

    private func totals(
        _ network: Network, _ loss: SampleLoss?, _ dependencies: ChannelDependencies?
    ) throws -> PruningReport.Totals {
        let bound = try network.boundWithoutWeights(inputs: shapes)
        let score = try loss?.score(dependencies?.weights ?? [:])
        return PruningReport.Totals(
            macs: bound.multiplyAccumulates.reduce(0, Shape.saturatingSum),
            parameters: bound.parameterCounts.reduce(0, Shape.saturatingSum),
            latency: try latencySeconds.map { try latency(network, seconds: $0) }, loss: score?.loss,
            accuracy: score?.accuracy, weightBytes: Self.weightBytes(of: network))
    }

    /// The bytes of the file that the network's weights are read from, or of the weights that it has; nil if it has none.
    private static func weightBytes(of network: Network) -> Int? {
        switch network.weights {
        case .file(let path): fileByteCount(path)
        case .tensors(let tensors): tensors.values.map(\.byteCount).reduce(0, +)
        default: nil
        }
    }
}

extension Network {
    /// The network with other weights for some of its layers.
    func changing(_ weights: [String: Tensor]) -> Network {
        guard case .tensors(let own) = self.weights else { return replacingWeights(.tensors(weights)) }
        return replacingWeights(.tensors(own.merging(weights) { $1 }))
    }
}
