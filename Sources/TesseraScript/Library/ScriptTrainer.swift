import Tessera

/// A network in training, for a loop in a script.
final class ScriptTrainer: ScriptObject {
    private let session: TrainingSession
    private let origin: ScriptNetwork
    private let rate: Double

    init(
        _ network: ScriptNetwork, batch: Int, loss: LossDeclaration?, optimizer: OptimizerDeclaration?,
        precision: TrainingPrecision?, within limits: ScriptLimits
    ) throws {
        origin = network
        let optimizer = optimizer ?? OptimizerDeclaration()
        rate = optimizer.rate
        guard let input = network.network.graph.inputs.first else {
            throw TesseraError(.invalidArgument, "expected a network of one input to train")
        }
        let declared = (network.network.inputs[input.name]?.shape ?? input.shape).dimensions
        let open = SymbolicShape([.fixed(batch)] + declared.dropFirst())
        guard batch >= 1 else { throw TesseraError(.invalidArgument, "expected a batch from 1, got \(batch)") }
        guard let shape = open.concrete else {
            throw TesseraError(.shapeMismatch, "expected an input whose batch alone is open to train, found \(open)")
        }
        try network.requireRoomToTrain(for: [input.name: shape], within: limits)
        session = try TrainingSession(
            network.network, inputs: [input.name: shape],
            backend: network.context.modules.trainer(of: network.backend),
            options: TrainingOptions(threads: network.threads, precision: (precision ?? .f32).precision),
            loss: (loss ?? LossDeclaration()).make(), optimizer: optimizer.make())
    }

    var scriptDescription: String { "trainer of '\(session.network.name)', batches of \(session.inputShape)" }

    var scriptByteCount: Int { session.byteCount }

    static var scriptType: ScriptType {
        ScriptType(
            "Trainer", "A network in training.",
            methods: [
                Binding(
                    of: ScriptTrainer.self, "step",
                    "step{input: Tensor, classes?: integer[], target?: Tensor, count?: integer, rate?: number} -> number, integer?",
                    "Trains with a batch: tensors of [batch, …], and the class of each sample, counted from 1, or a tensor that the "
                        + "output should be; of the samples, the first `count` count. Gives the loss, and how many of them were right."
                ) { trainer, call in
                    try trainer.run(call) { try trainer.session.step($0, rate: $1) }
                },
                Binding(
                    of: ScriptTrainer.self, "evaluate",
                    "evaluate{input: Tensor, classes?: integer[], target?: Tensor, count?: integer} -> number, integer?",
                    "The same for the network as it is, which does not change."
                ) { trainer, call in
                    try trainer.run(call) { batch, _ in try trainer.session.evaluate(batch) }
                },
                Binding(
                    of: ScriptTrainer.self, "gradients",
                    "gradients{input: Tensor, classes?: integer[], target?: Tensor, count?: integer} -> number, integer?",
                    "Computes the gradients of all weights for a batch, and changes none."
                ) { trainer, call in
                    try trainer.run(call) { batch, _ in try trainer.session.gradients(of: batch) }
                },
                Binding(
                    of: ScriptTrainer.self, "gradient", "gradient(name: string) -> Tensor",
                    "The gradient of a weight, `LAYER.parameter`: of the last batch, or what it was set to since. An update has masked and limited it."
                ) { trainer, call in
                    try call.expectArguments(atMost: 1)
                    let entry = try trainer.entry(call)
                    return try locatingErrors(path: call.name) {
                        [.object(ScriptTensor(try trainer.session.gradient(entry)))]
                    }
                },
                Binding(
                    of: ScriptTrainer.self, "weight", "weight(name: string) -> Tensor",
                    "A weight, `LAYER.parameter`, as it is now."
                ) { trainer, call in
                    try call.expectArguments(atMost: 1)
                    let entry = try trainer.entry(call)
                    return [.object(ScriptTensor(try trainer.session.parameters.tensor(entry)))]
                },
                Binding(
                    of: ScriptTrainer.self, "set_weight", "set_weight(name: string, value: Tensor)",
                    "Gives a weight, `LAYER.parameter`, other numbers, but for what a mask keeps at zero; what the optimizer remembers of it stays."
                ) { trainer, call in
                    try call.expectArguments(atMost: 2)
                    let entry = try trainer.entry(call)
                    try trainer.session.setWeight(entry, try trainer.value(call, "value", for: entry))
                    return []
                },
                Binding(
                    of: ScriptTrainer.self, "set_gradient", "set_gradient(name: string, value: Tensor)",
                    "Gives the gradient of a weight, `LAYER.parameter`, other numbers for `update`. Without `gradients` since the last update, those "
                        + "of all other weights are zero."
                ) { trainer, call in
                    try call.expectArguments(atMost: 2)
                    let entry = try trainer.entry(call)
                    let value = try trainer.value(call, "value", for: entry)
                    try locatingErrors(path: call.name) { try trainer.session.setGradient(entry, value) }
                    return []
                },
                Binding(
                    of: ScriptTrainer.self, "set_mask", "set_mask(name: string, mask?: Tensor)",
                    "Keeps a weight, `LAYER.parameter`, at zero wherever the mask, a tensor of its shape, is zero, however it is trained; without a mask "
                        + "it is free again."
                ) { trainer, call in
                    try call.expectArguments(atMost: 2)
                    let entry = try trainer.entry(call)
                    let mask = call[2] == .nil ? nil : try trainer.value(call, "mask", for: entry)
                    try locatingErrors(path: call.name) { try trainer.session.setMask(mask, of: entry.name) }
                    return []
                },
                Binding(
                    of: ScriptTrainer.self, "update", "update(rate?: number)",
                    "Changes all weights, as `step` does, by the gradients of `gradients` or `set_gradient` since the last update."
                ) { trainer, call in
                    try call.expectArguments(atMost: 1)
                    let rate = call[1] == .nil ? trainer.rate : try call.read(1, "rate", Self.rate)
                    try locatingErrors(path: call.name) { try trainer.session.update(rate: rate) }
                    return []
                },
                Binding(
                    of: ScriptTrainer.self, "output", "output() -> Tensor",
                    "What the network made of the last batch."
                ) { trainer, call in
                    try call.expectArguments(atMost: 0)
                    return try locatingErrors(path: call.name) {
                        [.object(ScriptTensor(try trainer.session.output))]
                    }
                },
                Binding(
                    of: ScriptTrainer.self, "network", "network() -> Network",
                    "The network with the weights as they are now."
                ) { trainer, call in
                    try call.expectArguments(atMost: 0)
                    let origin = trainer.origin
                    return [
                        .object(
                            ScriptNetwork(
                                try trainer.session.trainedNetwork(), backend: origin.backend, threads: origin.threads,
                                context: origin.context))
                    ]
                },
            ])
    }

    private func entry(_ call: ScriptCall) throws -> ParameterSet.Entry {
        let name = try call.string(1, "name")
        guard let entry = session.parameters.entry(name) else {
            throw TesseraError(
                .notFound,
                "the network has no weight '\(name)'"
                    + suggestion(for: name, among: session.parameters.entries.map(\.name)), path: call.name)
        }
        return entry
    }

    private func value(_ call: ScriptCall, _ label: String, for entry: ParameterSet.Entry) throws -> Tensor {
        let value = try call.object(ScriptTensor.self, 2, label).f32
        guard value.shape == entry.shape else {
            throw TesseraError(
                .shapeMismatch, "expected a tensor of \(entry.shape), got \(value.shape)", path: call.name)
        }
        return value
    }

    private static func rate(_ value: ScriptValue) throws -> Double {
        let rate = try value.requireNumber()
        guard rate.isFinite, rate >= 0 else {
            throw TesseraError(.invalidArgument, "expected a finite rate of at least 0, got \(rate)")
        }
        return rate
    }

    /// Classes that count from 1 as those that count from 0.
    private func classes(_ value: ScriptValue) throws -> [Int] {
        let shape = session.outputShape
        let count = shape.rank > 1 ? shape[1] : 0
        return try value.requireArray { value in
            let number = try value.requireInteger()
            guard number >= 1, number <= count else {
                throw TesseraError(.invalidArgument, "expected a class from 1 to \(count), got \(number)")
            }
            return number - 1
        }
    }

    private func run(_ call: ScriptCall, _ body: (TrainingBatch, Double) throws -> BatchResult) throws -> [ScriptValue]
    {
        try call.expectArguments(atMost: 1)
        var options = try call.options()
        let classes = try options.take("classes", classes)
        let target = try options.object(ScriptTensor.self, "target")
        let count = try options.take("count") { value in
            let (count, batch) = (try value.requireInteger(), session.inputShape[0])
            guard (1...batch).contains(count) else {
                throw TesseraError(.invalidArgument, "expected a count from 1 to \(batch), got \(count)")
            }
            return count
        }
        let rate = try options.take("rate", Self.rate) ?? rate
        let input = try options.require("input", "a tensor") { try $0.requireObject(ScriptTensor.self) }
        try options.finish()
        let wanted: TrainingTarget
        switch (classes, target) {
        case (let classes?, nil): wanted = .classes(classes)
        case (nil, let target?): wanted = .tensor(target.tensor)
        default: throw TesseraError(.invalidArgument, "expected either 'classes' or 'target'", path: call.name)
        }
        return try locatingErrors(path: call.name) {
            let result = try body(TrainingBatch(input: input.tensor, target: wanted, count: count), rate)
            return [.number(result.loss)] + (result.correct.map { [.integer($0)] } ?? [])
        }
    }
}
