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
    private let form: (any TrainingForm)?
    /// Nil if the network is run with the weights that are trained.
    private let weights: TrainedWeights?
    private var masks: [(entry: ParameterSet.Entry, mask: [Float])] = []
    /// The network's own weights: those that are not trained, such as constants, remain.
    private let stored: [String: Tensor]
    private var outputs: [Tensor]
    private var gradients: [Tensor]
    /// Whether there is something in `outputs`.
    private var hasRun = false
    /// What the gradients of the weights are.
    private var gradientState = GradientState.none
    /// Whether gradients were set since the last batch.
    private var isSet = false

    private enum GradientState {
        /// Of no batch, or of half of one that failed.
        case none
        /// To be used by the next update.
        case fresh
        /// There was an update by them.
        case used
    }

    /// Weights and their gradients.
    public var parameters: ParameterSet { weights?.trained ?? trainable.parameters }
    /// What a checkpoint must have in common with the form of training; nil if the network is trained as it is.
    var signature: String? { form?.signature }
    /// The shape of a batch.
    public var inputShape: Shape { trainable.graph.shapes[trainable.graph.graph.inputs[0].value] }
    /// That of its output.
    public var outputShape: Shape { outputs[0].shape }

    /// - Parameters:
    ///   - inputs: the shape of every input whose declared shape leaves sizes open, the batch among them.
    ///   - form: how the network is trained, if that is not as it is.
    /// - Throws: `invalidArgument` for a network of several inputs or outputs, and what compiling throws.
    public init(
        _ network: Network, inputs: [String: Shape], form: (any TrainingForm)? = nil, backend: any TrainingBackend,
        options: TrainingOptions, loss: any Loss, optimizer: any Optimizer
    ) throws {
        self.network = network
        self.form = form
        self.loss = loss
        self.optimizer = optimizer
        guard network.graph.inputs.count == 1, network.graph.outputs.count == 1 else {
            throw TesseraError(
                .invalidArgument,
                "expected a network of one input and one output to train, found \(network.graph.inputs.count) and \(network.graph.outputs.count)"
            )
        }
        let network = form?.network ?? network
        let graph = try network.bound(inputs: inputs)
        var options = options
        if form != nil { options.auxiliaryOutputs = Set(graph.graph.outputs.indices.dropFirst()) }
        let trainable = try backend.compileForTraining(graph, options: options)
        self.trainable = trainable
        weights = try form.map { try TrainedWeights($0, run: trainable.parameters) }
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
        let result = try evaluateLoss(batch, isTraining: true)
        try takeBack()
        return result
    }

    /// The gradient of a weight: of the last batch, or what it was set to since. An update has masked and limited it.
    ///
    /// - Throws: `invalidArgument` if there is none.
    public func gradient(_ entry: ParameterSet.Entry) throws -> Tensor {
        guard gradientState != .none else {
            throw TesseraError(.invalidArgument, "expected the gradients of a batch, found none")
        }
        return try parameters.gradient(entry)
    }

    /// Gives a gradient other numbers for `update`. Without a batch since the last update, all others are zero.
    ///
    /// - Throws: `invalidArgument` for what is not trained, such as running statistics, and `shapeMismatch`.
    public func setGradient(_ entry: ParameterSet.Entry, _ value: Tensor) throws {
        guard entry.isTrainable else {
            throw TesseraError(.invalidArgument, "'\(entry.name)' is not trained, so it has no gradient")
        }
        try parameters.setGradient(entry, value)
        if gradientState != .fresh {
            for other in parameters.entries where other.name != entry.name {
                for index in other.range { parameters.gradients[index] = 0 }
            }
        }
        (gradientState, isSet) = (.fresh, true)
    }

    /// Gives a weight other numbers, but for what a mask keeps at zero.
    public func setWeight(_ entry: ParameterSet.Entry, _ value: Tensor) throws {
        try parameters.set(entry, value)
        applyMasks(to: parameters.values)
    }

    /// Trains with a batch.
    ///
    /// - Parameter rate: the learning rate.
    /// - Throws: `limitExceeded` if the loss is no number, `invalidArgument` if it is so for the input; what is trained is as it was before then, running statistics are not.
    public func step(_ batch: TrainingBatch, rate: Double) throws -> BatchResult {
        try run(batch, isTraining: true)
        let result = try evaluateLoss(batch, isTraining: true)
        guard result.loss.isFinite else {
            throw TesseraError(.limitExceeded, "the loss is \(result.loss): the learning rate may be too large")
        }
        try takeBack()
        change(rate: rate)
        return result
    }

    /// Changes the weights by the gradients of a batch, or those that were set, as a step does, which limits them in place.
    ///
    /// - Parameter rate: the learning rate.
    /// - Throws: `invalidArgument` if there are none since the last update, `limitExceeded` if one is no number; weights stay as
    ///   they are then.
    public func update(rate: Double) throws {
        guard gradientState == .fresh else {
            let when = gradientState == .used ? "since the last update" : "before an update"
            throw TesseraError(.invalidArgument, "expected gradients of a batch, or others, \(when), found none")
        }
        for entry in parameters.entries
        where entry.isTrainable && !parameters.gradients[entry.range].allSatisfy(\.isFinite) {
            throw TesseraError(.limitExceeded, "the gradient of '\(entry.name)' holds what is no finite number")
        }
        change(rate: rate)
    }

    private func change(rate: Double) {
        applyMasks(to: parameters.gradients)
        if let gradientLimit { parameters.clipGradients(to: gradientLimit) }
        optimizer.update(parameters, rate: rate)
        weights?.limit()
        applyMasks(to: parameters.values)
        gradientState = .used
    }

    /// Bytes of memory: weights, gradients, masks and what optimizers remember, and all that lies between layers.
    public var byteCount: Int {
        // In another form, the network that is run has weights of its own.
        let count = 5 * parameters.values.count + (weights == nil ? 0 : 2 * trainable.parameters.values.count)
        return count * MemoryLayout<Float>.stride + trainable.activationByteCount
    }

    /// The loss of a batch with the running statistics, as the trained network has them.
    public func evaluate(_ batch: TrainingBatch) throws -> BatchResult {
        try run(batch, isTraining: false)
        return try evaluateLoss(batch, isTraining: false)
    }

    /// The output of the last batch; `invalidArgument` if there was none.
    public var output: Tensor {
        get throws {
            guard hasRun else {
                throw TesseraError(.invalidArgument, "expected a batch before its output, found none yet")
            }
            return outputs[0]
        }
    }

    /// Weights that stay zero where a mask is zero, however they are trained (METHODS.md D8); nil removes the mask.
    ///
    /// - Parameter name: `LAYER.parameter`.
    /// - Throws: `notFound` for a weight that there is not, `shapeMismatch` for a mask of another shape, `notSupported` for weights that
    ///   are rounded to integers of which none is 0.
    public func setMask(_ mask: Tensor?, of name: String) throws {
        guard let entry = parameters.entry(name) else {
            throw TesseraError(
                .notFound,
                "the network has no weight '\(name)'"
                    + suggestion(for: name, among: parameters.entries.map(\.name)))
        }
        guard let mask else { return masks.removeAll { $0.entry.name == name } }
        guard mask.shape == entry.shape else {
            throw TesseraError(.shapeMismatch, "expected a mask of \(entry.shape) for '\(name)', found \(mask.shape)")
        }
        if let weights, !weights.keepsZero(name) {
            throw TesseraError(
                .notSupported, "'\(name)' is rounded to integers of which none is 0, so no part of it can stay 0")
        }
        let factors = try mask.floats()
        masks.removeAll { $0.entry.name == name }
        masks.append((entry, factors))
        applyMasks(to: parameters.values)
    }

    private func applyMasks(to memory: UnsafeMutableBufferPointer<Float>) {
        for (entry, mask) in masks {
            for (index, factor) in zip(entry.range, mask) where factor == 0 { memory[index] = 0 }
        }
    }

    /// The network with the weights as they are now.
    ///
    /// - Throws: `limitExceeded` if one of them is no number.
    public func trainedNetwork() throws -> Network {
        try requireFiniteWeights()
        if let form { return try form.finished(parameters.tensors()) }
        return network.replacingWeights(.tensors(try stored.merging(parameters.tensors()) { $1 }))
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
        // Rectifiers make 0 of what is no number, so that nobody would see it.
        try batch.input.requireNumbers("the batch's input")
        weights?.spread()
        try trainable.forward([batch.input], isTraining: isTraining, into: &outputs)
        hasRun = true
        if isTraining { weights?.keepStatistics() }
    }

    /// The gradients of what is trained, given those of the outputs.
    private func takeBack() throws {
        gradientState = .none
        // What is not reached would keep what it was set to.
        if isSet {
            parameters.gradients.update(repeating: 0)
            trainable.parameters.gradients.update(repeating: 0)
            isSet = false
        }
        try trainable.backward(gradients)
        weights?.collectGradients()
        gradientState = .fresh
    }

    private func evaluateLoss(_ batch: TrainingBatch, isTraining: Bool) throws -> BatchResult {
        guard batch.count < outputs[0].shape[0] else {
            return try evaluateLoss(batch, outputs, isTraining: isTraining, gradients: &gradients)
        }
        // Samples that only fill up the batch do not count.
        let region = Region(whole: outputs[0].shape).replacing(axis: 0, with: 0..<batch.count)
        var counted = batch
        counted.target = try batch.target.counted(in: region)
        let parts = try outputs.map { try $0.cropped(to: region) }
        var partGradients = try parts.map { try Tensor(zeros: $0.shape) }
        let result = try evaluateLoss(counted, parts, isTraining: isTraining, gradients: &partGradients)
        for (index, part) in partGradients.enumerated() {
            gradients[index] = try Tensor(zeros: outputs[index].shape)
            try gradients[index].paste(part, at: region)
        }
        return result
    }

    private func evaluateLoss(
        _ batch: TrainingBatch, _ outputs: [Tensor], isTraining: Bool, gradients: inout [Tensor]
    ) throws -> BatchResult {
        let own = try totalLoss(batch.input, outputs[0], batch.target, gradient: &gradients[0])
        var result = try BatchResult(loss: own, output: outputs[0], target: batch.target)
        guard isTraining, let auxiliary = form?.auxiliary, outputs.count > 1 else { return result }
        var parts = LossParts()
        parts.own = own
        parts.auxiliary = try loss.evaluate(outputs[1], batch.target, gradient: &gradients[1])
        try gradients[1].scale(by: Float(auxiliary.weight))
        if auxiliary.distillation > 0 {
            var other = try Tensor(zeros: outputs[0].shape)
            parts.distillation = try DistillationLoss(temperature: auxiliary.temperature).evaluate(
                outputs[0], teacher: outputs[1], gradient: &other)
            try gradients[0].add(other, times: Float(auxiliary.distillation))
        }
        result.loss = own + auxiliary.weight * parts.auxiliary + auxiliary.distillation * parts.distillation
        result.parts = parts
        return result
    }

    private func totalLoss(
        _ input: Tensor, _ output: Tensor, _ target: TrainingTarget, gradient: inout Tensor
    ) throws -> Double {
        let own = try loss.evaluate(output, target, gradient: &gradient)
        guard let distillation else { return own }
        var other = try Tensor(zeros: output.shape)
        let divergence = try distillation.evaluate(input, output, gradient: &other)
        try gradient.scale(by: Float(1 - distillation.share))
        try gradient.add(other, times: Float(distillation.share))
        return (1 - distillation.share) * own + distillation.share * divergence
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

extension Tensor {
    fileprivate mutating func scale(by factor: Float) throws {
        guard factor != 1 else { return }
        try withMutableFloats { for index in $0.indices { $0[index] *= factor } }
    }

    fileprivate mutating func add(_ other: Tensor, times factor: Float) throws {
        try other.withFloats { other in
            try withMutableFloats { for index in $0.indices { $0[index] += factor * other[index] } }
        }
    }
}
