import TesseraCore
import TesseraNetwork
import TesseraRuntime

/// How good a network is on the pictures to test with.
public struct Evaluation: Sendable, Equatable {
    public var count: Int
    public var loss: Double
    /// From 0 to 1; nil without classes.
    public var accuracy: Double?
    /// Mean over the pictures, in decibels; nil with classes.
    public var psnr: Double?

    /// What all batches came to.
    ///
    /// - Parameter evaluate: what a batch comes to.
    init(_ loader: BatchLoader, hasClasses: Bool, evaluate: (TrainingBatch) throws -> BatchResult) throws {
        var (count, loss, correct) = (0, 0.0, 0)
        var ratios: [Double] = []
        while let next = try loader.next() {
            let result = try evaluate(next)
            count += next.count
            loss += result.loss * Double(next.count)
            correct += result.correct ?? 0
            ratios += result.psnr ?? []
        }
        self.count = count
        self.loss = loss / Double(max(1, count))
        accuracy = hasClasses ? Double(correct) / Double(max(1, count)) : nil
        psnr = hasClasses ? nil : ratios.reduce(0, +) / Double(max(1, ratios.count))
    }
}

extension TrainingFile {
    /// How good a network is on the pictures to test with, as it runs elsewhere: folded, and with integers if it has them.
    ///
    /// - Throws: `invalidArgument` if there are no such pictures, and what is wrong with the file, the network or the pictures.
    public func evaluate(_ network: Network, backend: any KernelBackend, threads: Int) throws -> Evaluation {
        guard let input = network.graph.inputs.first, network.graph.inputs.count == 1,
            network.graph.outputs.count == 1
        else {
            throw TesseraError(.invalidArgument, "expected a network of one input and one output to evaluate")
        }
        let declaration = network.inputs[input.name] ?? InputDeclaration(input.shape)
        let shape = try Training.shape(of: declaration.shape, file: self)
        guard let test = try data.load().test else { throw Self.noTest }
        let maker = try SampleMaker(
            test, input: declaration, shape: shape, task: data.task, augmentation: nil, seed: seed)
        let session = try Session(
            network.folded().bound(inputs: [input.name: shape]), backend: backend,
            options: CompileOptions(threads: self.threads ?? threads))
        let outputName = network.graph.outputs[0].name
        let (loss, hasClasses) = (self.loss.make(), data.kind != .restoration)
        try Training.check(
            output: session.graph.shapes[session.graph.graph.outputs[0].value], input: shape,
            classes: test.classes.count,
            hasClasses: hasClasses)
        let loader = BatchLoader(
            maker, batches: BatchOrder.sequential(test.count, batch: shape[0]), epoch: 0, threads: 1)
        defer { loader.stop() }
        return try Evaluation(loader, hasClasses: hasClasses) { batch in
            guard let whole = try session.run([input.name: batch.input])[outputName] else {
                throw TesseraError(.notFound, "expected an output '\(outputName)', found none")
            }
            let region = Region(whole: whole.shape).replacing(axis: 0, with: 0..<batch.count)
            let (output, target) = (try whole.cropped(to: region), try batch.target.counted(in: region))
            var gradient = try Tensor(zeros: output.shape)
            let value = try loss.evaluate(output, target, gradient: &gradient)
            return try BatchResult(loss: value, output: output, target: target)
        }
    }

    static var noTest: TesseraError {
        TesseraError(.invalidArgument, "expected pictures to 'test' with among the 'data', found none")
    }
}

extension DataDeclaration {
    var task: SampleMaker.Task { kind == .restoration ? .restoration(deviation: noise) : .classes }
}

extension TrainingTarget {
    /// Those of the samples that count.
    func counted(in region: Region) throws -> TrainingTarget {
        switch self {
        case .classes(let labels): .classes(Array(labels.prefix(region[0].count)))
        case .tensor(let tensor): .tensor(try tensor.cropped(to: region))
        }
    }
}
