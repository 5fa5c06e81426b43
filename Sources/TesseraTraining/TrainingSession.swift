import TesseraCore
import TesseraNetwork
import TesseraRuntime

/// Samples that are trained with together.
public struct TrainingBatch: Sendable {
    /// [batch, …], as the network's input takes them.
    public var input: Tensor
    public var target: TrainingTarget
    /// How many of the samples count; the others, at the end, fill up the batch.
    public var count: Int

    public init(input: Tensor, target: TrainingTarget, count: Int? = nil) {
        (self.input, self.target) = (input, target)
        self.count = count ?? input.shape.dimensions.first ?? 0
    }
}

/// What a batch came to.
public struct BatchResult: Sendable {
    /// The mean over the samples.
    public var loss: Double
    /// Samples whose largest output is that of their class; nil if there are no classes.
    public var correct: Int?
    /// Peak signal-to-noise ratio of each sample in decibels, for outputs and targets from 0 to 1; nil with classes.
    public var psnr: [Double]?
}

/// A network in training: its weights, a loss, and an optimizer.
///
/// ```swift
/// let session = try TrainingSession(network, inputs: ["image": [128, 3, 32, 32]], backend: OneDNNBackend(), …)
/// let result = try session.step(batch, rate: 0.02)
/// let trained = try session.trainedNetwork()
/// ```
/// One caller at a time.
public final class TrainingSession {
    public let network: Network
    public let trainable: any TrainableNetwork
    public let loss: any Loss
    public let optimizer: any Optimizer
    /// The largest norm that the gradients of a step may have; nil for any.
    public var gradientLimit: Double?
    /// A teacher's outputs are approached as well.
    public var distillation: Distillation?
    private var masks: [(entry: ParameterSet.Entry, mask: [Float])] = []
    /// The network's own weights: those that are not trained, such as constants, remain.
    private let stored: [String: Tensor]
    private var outputs: [Tensor]
    private var gradients: [Tensor]

    /// Weights and their gradients.
    public var parameters: ParameterSet { trainable.parameters }
    /// The shape of a batch.
    public var inputShape: Shape { trainable.graph.shapes[trainable.graph.graph.inputs[0].value] }

    /// - Parameter inputs: the shape of every input whose declared shape leaves sizes open, the batch among them.
    /// - Throws: `invalidArgument` for a network of several inputs or outputs, and what compiling throws.
    public init(
        _ network: Network, inputs: [String: Shape], backend: any TrainingBackend, options: TrainingOptions,
        loss: any Loss, optimizer: any Optimizer
    ) throws {
        self.network = network
        self.loss = loss
        self.optimizer = optimizer
        let graph = try network.bound(inputs: inputs)
        guard graph.graph.inputs.count == 1, graph.graph.outputs.count == 1 else {
            throw TesseraError(
                .invalidArgument,
                "expected a network of one input and one output to train, found \(graph.graph.inputs.count) and \(graph.graph.outputs.count)"
            )
        }
        trainable = try backend.compileForTraining(graph, options: options)
        let (input, output) = (graph.shapes[graph.graph.inputs[0].value], graph.shapes[graph.graph.outputs[0].value])
        guard output.rank > 0, input.rank > 0, output[0] == input[0] else {
            throw TesseraError(
                .shapeMismatch,
                "expected an output whose first axis is the batch, as the input's \(input), found \(output)")
        }
        let stored = network.loadedWeights
        self.stored = stored
        if let entry = trainable.parameters.entries.first(where: { stored[$0.name] == nil }) {
            throw TesseraError(
                .notSupported, "'\(entry.parameter)' comes from a constant, where training does not reach it",
                path: entry.layer)
        }
        outputs = try trainable.makeOutputs()
        gradients = outputs
    }

    /// Computes the loss of a batch and the gradients of all weights, and changes none; only running statistics move.
    public func gradients(of batch: TrainingBatch) throws -> BatchResult {
        try run(batch, isTraining: true)
        let result = try evaluateLoss(batch)
        try trainable.backward(gradients)
        return result
    }

    /// Trains with a batch.
    ///
    /// - Parameter rate: the learning rate.
    /// - Throws: `limitExceeded` if the loss is no number; what is trained is as it was before then, running statistics are not.
    public func step(_ batch: TrainingBatch, rate: Double) throws -> BatchResult {
        try run(batch, isTraining: true)
        let result = try evaluateLoss(batch)
        guard result.loss.isFinite else {
            throw TesseraError(.limitExceeded, "the loss is \(result.loss): the learning rate may be too large")
        }
        try trainable.backward(gradients)
        applyMasks(to: parameters.gradients)
        if let gradientLimit { parameters.clipGradients(to: gradientLimit) }
        optimizer.update(parameters, rate: rate)
        applyMasks(to: parameters.values)
        return result
    }

    /// The loss of a batch with the running statistics, as the trained network has them.
    public func evaluate(_ batch: TrainingBatch) throws -> BatchResult {
        try run(batch, isTraining: false)
        return try evaluateLoss(batch)
    }

    /// The outputs of the last batch.
    public var output: Tensor { outputs[0] }

    /// Weights that stay zero where a mask is zero, however they are trained (METHODS.md D8); nil removes the mask.
    ///
    /// - Parameter name: `LAYER.parameter`.
    /// - Throws: `notFound` for a weight that there is not, `shapeMismatch` for a mask of another shape.
    public func setMask(_ mask: Tensor?, of name: String) throws {
        guard let entry = parameters.entry(name) else {
            throw TesseraError(
                .notFound,
                "the network has no weight '\(name)'"
                    + suggestion(for: name, among: parameters.entries.map(\.name)))
        }
        masks.removeAll { $0.entry.name == name }
        guard let mask else { return }
        guard mask.shape == entry.shape else {
            throw TesseraError(.shapeMismatch, "expected a mask of \(entry.shape) for '\(name)', found \(mask.shape)")
        }
        masks.append((entry, try mask.floats()))
        applyMasks(to: parameters.values)
    }

    private func applyMasks(to memory: UnsafeMutableBufferPointer<Float>) {
        for (entry, mask) in masks {
            for (index, factor) in zip(entry.range, mask) where factor == 0 { memory[index] = 0 }
        }
    }

    /// The network with the weights as they are now.
    public func trainedNetwork() throws -> Network {
        network.replacingWeights(.tensors(try stored.merging(parameters.tensors()) { $1 }))
    }

    /// - Throws: `limitExceeded` if a weight is no number.
    func requireFiniteWeights() throws {
        for entry in parameters.entries where !parameters.values[entry.range].allSatisfy(\.isFinite) {
            throw TesseraError(
                .limitExceeded, "'\(entry.name)' holds what is no number: the learning rate may be too large")
        }
    }

    // MARK: Parts

    private func run(_ batch: TrainingBatch, isTraining: Bool) throws {
        try trainable.forward([batch.input], isTraining: isTraining, into: &outputs)
    }

    private func evaluateLoss(_ batch: TrainingBatch) throws -> BatchResult {
        guard batch.count < outputs[0].shape[0] else {
            let value = try totalLoss(batch.input, outputs[0], batch.target, gradient: &gradients[0])
            return try result(value, outputs[0], batch.target)
        }
        // Samples that only fill up the batch do not count.
        let whole = outputs[0]
        let region = Region(whole: whole.shape).replacing(axis: 0, with: 0..<batch.count)
        let output = try whole.cropped(to: region)
        let target: TrainingTarget =
            switch batch.target {
            case .classes(let labels): .classes(Array(labels.prefix(batch.count)))
            case .tensor(let tensor): .tensor(try tensor.cropped(to: region))
            }
        var gradient = try Tensor(zeros: output.shape)
        let value = try totalLoss(batch.input, output, target, gradient: &gradient)
        gradients[0] = try Tensor(zeros: whole.shape)
        try gradients[0].paste(gradient, at: region)
        return try result(value, output, target)
    }

    private func totalLoss(
        _ input: Tensor, _ output: Tensor, _ target: TrainingTarget, gradient: inout Tensor
    ) throws -> Double {
        let own = try loss.evaluate(output, target, gradient: &gradient)
        guard let distillation else { return own }
        var other = try Tensor(zeros: output.shape)
        let divergence = try distillation.evaluate(input, output, gradient: &other)
        let share = Float(distillation.share)
        try other.withFloats { other in
            try gradient.withMutableFloats { gradient in
                for index in gradient.indices { gradient[index] = (1 - share) * gradient[index] + share * other[index] }
            }
        }
        return (1 - distillation.share) * own + distillation.share * divergence
    }

    private func result(_ loss: Double, _ output: Tensor, _ target: TrainingTarget) throws -> BatchResult {
        switch target {
        case .classes(let labels):
            let (_, classes) = try output.classRows()
            let correct = try output.withFloats { y in
                labels.enumerated().count { row, label in
                    let start = row * classes
                    // The first of several largest counts, so that outputs that are all equal are not right for every class.
                    return (0..<classes).allSatisfy {
                        $0 < label ? y[start + $0] < y[start + label] : y[start + $0] <= y[start + label]
                    }
                }
            }
            return BatchResult(loss: loss, correct: correct)
        case .tensor(let target):
            return BatchResult(loss: loss, psnr: try Self.psnr(output, target))
        }
    }

    /// 10 · log10(1 / mean squared error) of each sample.
    private static func psnr(_ output: Tensor, _ target: Tensor) throws -> [Double] {
        let count = output.elementCount / max(1, output.shape[0])
        return try output.withFloats { y in
            try target.withFloats { t in
                (0..<output.shape[0]).map { sample in
                    var sum = 0.0
                    for index in sample * count..<(sample + 1) * count {
                        let difference = Double(min(max(y[index], 0), 1) - t[index])
                        sum += difference * difference
                    }
                    return peakSignalToNoise(meanSquaredError: sum / Double(max(1, count)))
                }
            }
        }
    }
}

/// A teacher whose outputs are approached.
public struct Distillation: Sendable {
    public let teacher: any CompiledNetwork
    public let loss: DistillationLoss
    /// Of the whole loss, from 0 to 1.
    public let share: Double

    public init(teacher: any CompiledNetwork, temperature: Double, share: Double) {
        (self.teacher, loss, self.share) = (teacher, DistillationLoss(temperature: temperature), share)
    }

    func evaluate(_ input: Tensor, _ output: Tensor, gradient: inout Tensor) throws -> Double {
        guard let teacher = try teacher.run([input]).first else {
            throw TesseraError(.shapeMismatch, "expected a teacher of one output, found none")
        }
        // Samples at the end only fill up the batch.
        let counted = try teacher.cropped(
            to: Region(whole: teacher.shape).replacing(axis: 0, with: 0..<output.shape[0]))
        return try loss.evaluate(output, teacher: counted, gradient: &gradient)
    }
}
