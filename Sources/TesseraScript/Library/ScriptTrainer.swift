import Tessera

/// A network in training, for a loop in a script.
final class ScriptTrainer: ScriptObject {
    private let session: TrainingSession
    private let origin: ScriptNetwork
    private let rate: Double

    init(
        _ network: ScriptNetwork, batch: Int, loss: LossDeclaration?, optimizer: OptimizerDeclaration?,
        precision: TrainingPrecision?
    ) throws {
        origin = network
        let optimizer = optimizer ?? OptimizerDeclaration()
        rate = optimizer.rate
        guard let input = network.network.graph.inputs.first else {
            throw TesseraError(.invalidArgument, "expected a network of one input to train")
        }
        let declared = (network.network.inputs[input.name]?.shape ?? input.shape).dimensions
        let open = SymbolicShape([.fixed(batch)] + declared.dropFirst())
        guard batch >= 1, let shape = open.concrete else {
            throw TesseraError(.shapeMismatch, "expected an input whose batch alone is open to train, found \(open)")
        }
        session = try TrainingSession(
            network.network, inputs: [input.name: shape],
            backend: network.context.modules.trainer(of: network.backend),
            options: TrainingOptions(threads: network.threads, precision: (precision ?? .f32).precision),
            loss: (loss ?? LossDeclaration()).make(), optimizer: optimizer.make())
    }

    var scriptDescription: String { "trainer of '\(session.network.name)', batches of \(session.inputShape)" }

    static var scriptType: ScriptType {
        ScriptType(
            "Trainer", "A network in training.",
            methods: [
                Binding(
                    of: ScriptTrainer.self, "step",
                    "step{input: Tensor, classes?: integer[], target?: Tensor, rate?: number} -> number, integer?",
                    "Trains with a batch: tensors of [batch, …], and the class of each sample, counted from 0, or a tensor that the "
                        + "output should be. Gives the loss, and how many samples were right."
                ) { trainer, call in
                    try trainer.run(call) { try trainer.session.step($0, rate: $1) }
                },
                Binding(
                    of: ScriptTrainer.self, "evaluate",
                    "evaluate{input: Tensor, classes?: integer[], target?: Tensor} -> number, integer?",
                    "The same for the network as it is, which does not change."
                ) { trainer, call in
                    try trainer.run(call) { batch, _ in try trainer.session.evaluate(batch) }
                },
                Binding(
                    of: ScriptTrainer.self, "gradients",
                    "gradients{input: Tensor, classes?: integer[], target?: Tensor} -> number, integer?",
                    "Computes the gradients of all weights for a batch, and changes none."
                ) { trainer, call in
                    try trainer.run(call) { batch, _ in try trainer.session.gradients(of: batch) }
                },
                Binding(
                    of: ScriptTrainer.self, "gradient", "gradient(name: string) -> Tensor",
                    "The gradient of a weight, `LAYER.parameter`, in the last batch."
                ) { trainer, call in
                    try call.expectArguments(atMost: 1)
                    let entry = try trainer.entry(call)
                    return [.object(ScriptTensor(try trainer.session.parameters.gradient(entry)))]
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

    private func run(_ call: ScriptCall, _ body: (TrainingBatch, Double) throws -> BatchResult) throws -> [ScriptValue]
    {
        try call.expectArguments(atMost: 1)
        var options = try call.options()
        let input = try options.require("input", "a tensor") { try $0.requireObject(ScriptTensor.self) }
        let classes = try options.take("classes") { value in try value.requireArray().map { try $0.requireInteger() } }
        let target = try options.object(ScriptTensor.self, "target")
        let rate =
            try options.take("rate") { value in
                let rate = try value.requireNumber()
                guard rate.isFinite, rate >= 0 else {
                    throw TesseraError(.invalidArgument, "expected a finite rate of at least 0, got \(rate)")
                }
                return rate
            } ?? rate
        try options.finish()
        let wanted: TrainingTarget
        switch (classes, target) {
        case (let classes?, nil): wanted = .classes(classes)
        case (nil, let target?): wanted = .tensor(target.tensor)
        default: throw TesseraError(.invalidArgument, "expected either 'classes' or 'target'", path: call.name)
        }
        return try locatingErrors(path: call.name) {
            let result = try body(TrainingBatch(input: input.tensor, target: wanted), rate)
            return [.number(result.loss)] + (result.correct.map { [.integer($0)] } ?? [])
        }
    }
}
