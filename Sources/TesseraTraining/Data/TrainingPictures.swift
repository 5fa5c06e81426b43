import TesseraCore
import TesseraNetwork

/// The pictures of a training file, made into batches that a network takes.
public struct TrainingPictures: Sendable {
    /// The network's input.
    public let input: String
    /// [batch, channels, height, width].
    public let shape: Shape

    /// Threads that make batches.
    private static let threads = 1

    private let train: SampleMaker
    private let test: SampleMaker?
    private let isRestoration: Bool

    /// Reads the pictures.
    ///
    /// - Parameter file: names them, and says how they become batches; what it says of training does not matter.
    /// - Throws: `invalidArgument` for a network of several inputs, `shapeMismatch` for one that takes no pictures, and what is wrong with
    ///   the pictures.
    public init(_ file: TrainingFile, for network: Network) throws {
        guard let input = network.graph.inputs.first, network.graph.inputs.count == 1 else {
            throw TesseraError(.invalidArgument, "expected a network of one input to train")
        }
        let declaration = network.inputs[input.name] ?? InputDeclaration(input.shape)
        let shape = try Self.shape(of: declaration.shape, file: file)
        let (train, test) = try file.data.load()
        func maker(_ pictures: any DataSet, _ augmentation: Augmentation?) throws -> SampleMaker {
            try SampleMaker(
                pictures, input: declaration, shape: shape, task: file.data.task, augmentation: augmentation,
                seed: file.seed)
        }
        (self.input, self.shape) = (input.name, shape)
        (self.train, self.test) = (try maker(train, file.augment), try test.map { try maker($0, nil) })
        isRestoration = file.data.kind == .restoration
    }

    /// The names of the classes; empty for restoration.
    public var classes: [String] { train.dataSet.classes }
    /// Pictures to train with.
    public var trainCount: Int { train.dataSet.count }
    /// Pictures to test with.
    public var testCount: Int { test?.dataSet.count ?? 0 }
    /// Batches of an epoch: what does not fill a batch is left out.
    public var stepsPerEpoch: Int { train.dataSet.count / shape[0] }

    /// The batches of an epoch, counted from 0, in an order that depends on the seed and the epoch.
    ///
    /// - Parameter first: the batch to begin with.
    /// - Throws: `invalidArgument` if there are fewer pictures than a batch has.
    public func batches(ofEpoch epoch: Int, from first: Int = 0) throws -> TrainingBatches {
        try requireBatch()
        let order = BatchOrder.shuffled(trainCount, batch: shape[0], seed: train.seed, epoch: epoch)
        return TrainingBatches(
            BatchLoader(train, batches: order, epoch: epoch, first: first, threads: Self.threads))
    }

    /// All pictures to test with, in their own order; the last batch is filled up.
    ///
    /// - Throws: `invalidArgument` if there are none.
    public func testBatches() throws -> TrainingBatches {
        guard let test else { throw TrainingFile.noTest }
        let order = BatchOrder.sequential(testCount, batch: shape[0])
        return TrainingBatches(BatchLoader(test, batches: order, epoch: 0, threads: Self.threads))
    }

    /// What the first batches of training read, of so many pictures together at least as far as there are as many.
    func firstInputs(count: Int = 64) throws -> [Tensor] {
        let batches = try batches(ofEpoch: 0)
        var inputs: [Tensor] = []
        while inputs.count * shape[0] < count, let next = try batches.next() { inputs.append(next.input) }
        return inputs
    }

    /// - Throws: `invalidArgument` if there are fewer pictures to train with than a batch has.
    func requireBatch() throws {
        guard stepsPerEpoch > 0 else {
            throw TesseraError(
                .invalidArgument,
                "expected a 'batch' of at most \(trainCount), as many as there are pictures, found \(shape[0])")
        }
    }

    /// - Throws: `shapeMismatch` if an output of the network is not what is compared with these pictures.
    func check(output: Shape) throws {
        if isRestoration {
            guard output == shape else {
                throw TesseraError(
                    .shapeMismatch, "expected outputs of \(shape), as the pictures are, found \(output)")
            }
        } else {
            guard output.rank >= 2, output[1] == classes.count, output.elementCount == output[0] * classes.count else {
                throw TesseraError(
                    .shapeMismatch,
                    "expected outputs of \(shape[0])x\(classes.count), a number for each class, found \(output)")
            }
        }
    }

    /// How good what `evaluate` runs is on the pictures to test with.
    func evaluation(_ evaluate: (TrainingBatch) throws -> BatchResult) throws -> Evaluation {
        try Evaluation(testBatches(), hasClasses: !isRestoration, evaluate: evaluate)
    }

    /// The shape of a batch: the network's own, where it does not leave sizes open.
    private static func shape(of declared: SymbolicShape, file: TrainingFile) throws -> Shape {
        let sizes = declared.dimensions
        guard sizes.count == 4 else {
            throw TesseraError(
                .shapeMismatch, "expected a network over [batch, channels, height, width] to train, found \(declared)")
        }
        guard sizes[0].fixedSize == nil || sizes[0].fixedSize == file.batch else {
            throw TesseraError(
                .shapeMismatch,
                "expected a network whose batch is open, or \(file.batch), found \(declared): write [batch, …] in its file"
            )
        }
        let isRestoration = file.data.kind == .restoration
        return Shape(
            try sizes.enumerated().map { axis, size in
                if axis == 0 { return file.batch }
                if let size = size.fixedSize { return size }
                guard axis >= 2, isRestoration else {
                    throw TesseraError(
                        .shapeMismatch,
                        "expected sizes for all axes but the batch to train with classes, found \(declared)")
                }
                return file.data.patch
            })
    }
}

/// Batches one after the other, made on a thread of their own a few ahead.
public final class TrainingBatches {
    /// Batches that are ready, or in the making, at most.
    public static let ahead = 4

    private let loader: BatchLoader

    init(_ loader: BatchLoader) { self.loader = loader }

    deinit { loader.stop() }

    /// The next batch, nil after the last one. The first call starts the thread.
    ///
    /// - Throws: what making it threw, and `limitExceeded` when the thread's `Deadline` is over.
    public func next() throws -> TrainingBatch? { try loader.next() }
}
