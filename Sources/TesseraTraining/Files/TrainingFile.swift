import TesseraCore
import TesseraNetwork
import TesseraRuntime

/// A training: which network learns what from which pictures, and how.
public struct TrainingFile: Configurable {
    /// Tessera's format version.
    public var version = 1
    /// Files with further modules.
    public var plugins: [String] = []
    /// The network's file, relative to this one.
    public var network = ""
    /// What to start from, in place of the network's own weights; a path is relative to this file.
    public var weights: WeightSource?
    public var data = DataDeclaration()
    public var augment = Augmentation()
    public var loss = LossDeclaration()
    public var distillation: DistillationDeclaration?
    public var quantization: QuantizationDeclaration?
    public var optimizer = OptimizerDeclaration()
    public var schedule = ScheduleDeclaration()
    public var epochs = 1
    public var batch = 32
    public var seed = 1
    public var precision = TrainingPrecision.f32
    public var threads: Int?
    /// How much of the running statistics of batch normalizations a batch replaces.
    public var momentum = 0.1
    /// The largest norm of all gradients together.
    public var gradientLimit: Double?
    public var earlyStopping: EarlyStopping?
    /// The folder for weights, curves and checkpoints, relative to this file.
    public var output = ""
    /// Steps between checkpoints; nil for one after every epoch.
    public var checkpointSteps: Int?
    /// Whether a checkpoint in the output folder is continued from.
    public var resume = true

    public init() {}

    public static let keys: [Key<TrainingFile>] = [
        Key(required: "tessera", \.version, "the version of the format, 1"),
        Key("plugins", \.plugins, "plugins, scripts or shared libraries, whose modules are known by name here"),
        Key(required: "network", \.network, "the network's file"),
        Key("weights", \.weights, "what to start from, in place of the network's own: a file, or {random: SEED}"),
        Key(required: "data", \.data, "the pictures"),
        Key("augment", \.augment, "how pictures are changed at random"),
        Key("loss", \.loss, "what is made small"),
        Key("distillation", \.distillation, "a teacher, whose outputs are approached as well"),
        Key("quantization", \.quantization, "for integers of how many bits the network is trained, and how"),
        Key("optimizer", \.optimizer, "how weights change"),
        Key("schedule", \.schedule, "the learning rate over time"),
        Key("epochs", \.epochs, "how often all pictures are trained with"),
        Key("batch", \.batch, "pictures that are trained with together"),
        Key("seed", \.seed, "decides every random number"),
        Key("precision", \.precision, "in which numbers layers compute; weights are f32 always"),
        Key("threads", \.threads, "threads for kernels; all cores by default"),
        Key("statistics_momentum", \.momentum, "how much of batch normalizations' statistics a batch replaces"),
        Key("gradient_limit", \.gradientLimit, "the largest norm of all gradients together"),
        Key("early_stopping", \.earlyStopping, "when to stop before the last epoch"),
        Key(required: "output", \.output, "the folder for weights, curves and checkpoints"),
        Key("checkpoint_steps", \.checkpointSteps, "steps between checkpoints; one after every epoch if left out"),
        Key("resume", \.resume, "whether a checkpoint in the output folder is continued from"),
    ]

    /// Reads a training file; the paths in it become relative to where the process runs.
    public init(path: String) throws {
        try self.init(configuration: YAMLReader.read(path))
        let resolve = PathComponents.resolver(of: path)
        plugins = plugins.map(resolve)
        network = resolve(network)
        weights = weights?.resolved(resolve)
        output = resolve(output)
        data.resolve(resolve)
        if var teacher = distillation {
            teacher.network = resolve(teacher.network)
            teacher.weights = teacher.weights.map(resolve)
            distillation = teacher
        }
    }

    public func validate() throws {
        guard version == 1 else { throw TesseraError(.notSupported, "expected 'tessera: 1', found \(version)") }
        func require(_ isGood: Bool, _ message: @autoclosure () -> String) throws {
            guard isGood else { throw TesseraError(.invalidArgument, message()) }
        }
        try require((1...100_000).contains(epochs), "expected 'epochs' from 1 to 100000, found \(epochs)")
        try require((1...65_536).contains(batch), "expected a 'batch' from 1 to 65536, found \(batch)")
        try require(
            threads.map { (1...1024).contains($0) } ?? true, "expected 'threads' from 1 to 1024, found \(threads ?? 0)")
        try require((0...1).contains(momentum), "expected 'statistics_momentum' from 0 to 1, found \(momentum)")
        try require(
            gradientLimit.map { $0 > 0 } ?? true, "expected a 'gradient_limit' above 0, found \(gradientLimit ?? 0)")
        try require(
            checkpointSteps.map { $0 > 0 } ?? true, "expected 'checkpoint_steps' from 1, found \(checkpointSteps ?? 0)")
        try require(
            quantization == nil || precision == .f32, "expected a 'precision' of f32 with 'quantization', found bf16")
        try require(
            quantization?.auxiliary.map { $0.loss.distillation == 0 || data.kind != .restoration } ?? true,
            "expected no 'distillation' from an auxiliary network without classes: it compares probabilities")
        switch (data.kind, loss.kind) {
        case (.restoration, .crossEntropy):
            throw TesseraError(.invalidArgument, "expected a 'loss' of mse or l1 for restoration, found cross_entropy")
        case (.restoration, _), (_, .crossEntropy): break
        default:
            throw TesseraError(
                .invalidArgument, "expected a 'loss' of cross_entropy for classes, found \(loss.kind.rawValue)")
        }
    }
}

/// In which numbers layers compute while they are trained.
public enum TrainingPrecision: String, Sendable, ConfigurationChoice {
    case f32, bf16

    public var precision: Precision { self == .f32 ? .f32 : .bf16 }
}

/// What is made small.
public struct LossDeclaration: Configurable, ConfigurationValue, Equatable {
    public enum Kind: String, Sendable, ConfigurationChoice {
        case crossEntropy = "cross_entropy"
        case mse, l1
    }

    public var kind = Kind.crossEntropy
    public var labelSmoothing = 0.0

    public init() {}

    public static let shorthandKey: String? = "kind"
    public static let typeDescription = "a loss's name, or a map of keys"
    public static let keys: [Key<LossDeclaration>] = [
        Key("kind", \.kind, "cross-entropy of classes, mean squared error, or mean absolute error"),
        Key("label_smoothing", \.labelSmoothing, "how much of the probability all classes share"),
    ]

    public func validate() throws {
        guard (0..<1).contains(labelSmoothing), labelSmoothing == 0 || kind == .crossEntropy else {
            throw TesseraError(
                .invalidArgument,
                "expected 'label_smoothing' from 0 to below 1 with cross_entropy, found \(labelSmoothing)")
        }
    }

    public func make() -> any Loss {
        switch kind {
        case .crossEntropy: CrossEntropy(labelSmoothing: labelSmoothing)
        case .mse: MeanSquaredError()
        case .l1: MeanAbsoluteError()
        }
    }
}

/// A teacher.
public struct DistillationDeclaration: Configurable, ConfigurationValue, Equatable {
    public var network = ""
    public var weights: String?
    public var temperature = 4.0
    public var share = 0.5

    public init() {}

    public static let typeDescription = "a map of keys"
    public static let keys: [Key<DistillationDeclaration>] = [
        Key(required: "network", \.network, "the teacher's network file"),
        Key("weights", \.weights, "its weights, in place of the network's own"),
        Key("temperature", \.temperature, "what outputs are divided by before they become probabilities"),
        Key("share", \.share, "of the loss, from 0 to 1"),
    ]

    public func validate() throws {
        guard temperature > 0, (0...1).contains(share) else {
            throw TesseraError(
                .invalidArgument,
                "expected a 'temperature' above 0 and a 'share' from 0 to 1, found \(temperature) and \(share)")
        }
    }
}

/// How weights change.
public struct OptimizerDeclaration: Configurable, ConfigurationValue, Equatable {
    public enum Kind: String, Sendable, ConfigurationChoice {
        case sgd, adamw
    }

    public var kind = Kind.sgd
    public var rate = 0.01
    public var momentum = 0.9
    public var nesterov = false
    public var beta1 = 0.9
    public var beta2 = 0.999
    public var epsilon = 1e-8
    public var weightDecay = 0.0
    public var decayAll = false

    public init() {}

    public static let shorthandKey: String? = "kind"
    public static let typeDescription = "an optimizer's name, or a map of keys"
    public static let keys: [Key<OptimizerDeclaration>] = [
        Key("kind", \.kind, "stochastic gradient descent, or Adam with decoupled weight decay"),
        Key("rate", \.rate, "the largest learning rate"),
        Key("momentum", \.momentum, "of sgd"),
        Key("nesterov", \.nesterov, "whether sgd looks ahead, as Nesterov's method does"),
        Key("beta1", \.beta1, "of adamw: how much of the mean of gradients a step keeps"),
        Key("beta2", \.beta2, "of adamw: the same of their squares"),
        Key("epsilon", \.epsilon, "of adamw: added to the divisor"),
        Key("weight_decay", \.weightDecay, "how strongly weights are pulled towards 0"),
        Key("decay_all", \.decayAll, "whether biases and parameters of normalizations are, too"),
    ]

    public func validate() throws {
        guard rate > 0, rate.isFinite else {
            throw TesseraError(.invalidArgument, "expected a 'rate' above 0, found \(rate)")
        }
        guard (0..<1).contains(momentum), (0..<1).contains(beta1), (0..<1).contains(beta2) else {
            throw TesseraError(.invalidArgument, "expected 'momentum', 'beta1' and 'beta2' from 0 to below 1")
        }
        guard weightDecay >= 0, epsilon > 0 else {
            throw TesseraError(.invalidArgument, "expected 'weight_decay' from 0 and 'epsilon' above 0")
        }
    }

    public func make() -> any Optimizer {
        let decay = WeightDecay(weightDecay, decaysAll: decayAll)
        switch kind {
        case .sgd: return StochasticGradientDescent(momentum: momentum, nesterov: nesterov, decay: decay)
        case .adamw: return AdamW(beta1: beta1, beta2: beta2, epsilon: epsilon, decay: decay)
        }
    }
}

/// The learning rate over time.
public struct ScheduleDeclaration: Configurable, ConfigurationValue, Equatable {
    public enum Kind: String, Sendable, ConfigurationChoice {
        case constant, cosine, step
    }

    public var kind = Kind.constant
    public var warmUp = 0
    public var end = 0.0
    public var at: [Double] = [0.5, 0.75]
    public var factor = 0.1

    public init() {}

    public static let shorthandKey: String? = "kind"
    public static let typeDescription = "a schedule's name, or a map of keys"
    public static let keys: [Key<ScheduleDeclaration>] = [
        Key("kind", \.kind, "always the same, half a cosine, or in steps"),
        Key("warm_up", \.warmUp, "steps in which the rate rises at the beginning"),
        Key("end", \.end, "of a cosine: the last rate, as a part of the largest"),
        Key("at", \.at, "of steps: where they are, as parts of the whole time"),
        Key("factor", \.factor, "of steps: what each multiplies the rate by"),
    ]

    public func validate() throws {
        guard warmUp >= 0, (0...1).contains(end), at.allSatisfy({ (0...1).contains($0) }), factor > 0 else {
            throw TesseraError(
                .invalidArgument, "expected 'warm_up' from 0, 'end' and 'at' from 0 to 1, and 'factor' above 0")
        }
    }

    public func make() -> Schedule {
        switch kind {
        case .constant: Schedule(.constant, warmUp: warmUp)
        case .cosine: Schedule(.cosine(end: end), warmUp: warmUp)
        case .step: Schedule(.step(at: at, factor: factor), warmUp: warmUp)
        }
    }
}

/// When training ends early (METHODS.md E6).
public struct EarlyStopping: Configurable, ConfigurationValue, Equatable {
    /// Which loss is watched.
    public enum Watched: String, Sendable, ConfigurationChoice {
        case test, training
    }

    /// Epochs without a better loss.
    public var patience = 5
    /// How much less counts as better.
    public var threshold = 0.0
    public var watched = Watched.test

    public init() {}

    public static let shorthandKey: String? = "patience"
    public static let typeDescription = "a number of epochs, or a map of keys"
    public static let keys: [Key<EarlyStopping>] = [
        Key("patience", \.patience, "epochs without a better loss after which training ends"),
        Key("threshold", \.threshold, "how much less the loss must be to count as better"),
        Key("loss", \.watched, "the test loss (that of training without a test), or the whole loss of training"),
    ]

    public func validate() throws {
        guard patience >= 1, threshold >= 0 else {
            throw TesseraError(.invalidArgument, "expected 'patience' from 1 and 'threshold' from 0")
        }
    }
}
