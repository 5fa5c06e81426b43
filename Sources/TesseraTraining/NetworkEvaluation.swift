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
    init(_ batches: TrainingBatches, hasClasses: Bool, evaluate: (TrainingBatch) throws -> BatchResult) throws {
        var (count, loss, correct) = (0, 0.0, 0)
        var ratios: [Double] = []
        while let next = try batches.next() {
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
        guard network.graph.outputs.count == 1 else {
            throw TesseraError(
                .invalidArgument, "expected a network of one output to evaluate, found \(network.graph.outputs.count)")
        }
        let pictures = try TrainingPictures(self, for: network)
        let session = try Session(
            network.folded().bound(inputs: [pictures.input: pictures.shape]), backend: backend,
            options: CompileOptions(threads: self.threads ?? threads))
        let outputName = network.graph.outputs[0].name
        let loss = self.loss.make()
        try pictures.check(output: session.graph.shapes[session.graph.graph.outputs[0].value])
        return try pictures.evaluation { batch in
            guard let whole = try session.run([pictures.input: batch.input])[outputName] else {
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
