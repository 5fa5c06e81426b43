import Foundation
import TesseraCore
import TesseraNetwork
import TesseraRuntime

/// What happens during a training, for whoever shows it.
public enum TrainingEvent: Sendable {
    /// `steps` of `total` steps of an epoch, counted from 1, are done, with this mean loss.
    case step(epoch: Int, steps: Int, total: Int, loss: Double, imagesPerSecond: Double)
    case epoch(TrainingHistory.Epoch)
    /// Goes on from a checkpoint, with so many epochs and steps done.
    case resumed(epochs: Int, steps: Int)
    /// Ends after this epoch, since a loss has not become better for some.
    case stoppedEarly(epoch: Int, EarlyStopping)
}

/// Trains a network as a file says: epochs, tests, checkpoints, curves.
public final class Training {
    public let file: TrainingFile
    public let session: TrainingSession
    public private(set) var history = TrainingHistory()
    private let pictures: TrainingPictures
    private let schedule: Schedule

    private var batch: Int { pictures.shape[0] }
    private var stepsPerEpoch: Int { pictures.stepsPerEpoch }

    /// Reads the pictures and compiles the network.
    ///
    /// - Parameters:
    ///   - teacher: makes the network of a teacher ready to run.
    ///   - form: what the network is trained as, if that is not as it is, given the first pictures that it is trained with.
    /// - Throws: what is wrong with the file, the network or the pictures.
    public init(
        _ file: TrainingFile, network: Network, backend: any TrainingBackend, threads: Int,
        teacher: ((DistillationDeclaration, Shape) throws -> any CompiledNetwork)? = nil,
        form: (([Tensor]) throws -> any TrainingForm)? = nil
    ) throws {
        self.file = file
        let pictures = try TrainingPictures(file, for: network)
        self.pictures = pictures
        try pictures.requireBatch()
        session = try TrainingSession(
            network, inputs: [pictures.input: pictures.shape], form: form.map { try $0(pictures.firstInputs()) },
            backend: backend,
            options: TrainingOptions(
                threads: file.threads ?? threads, precision: file.precision.precision, momentum: file.momentum),
            loss: file.loss.make(), optimizer: file.optimizer.make())
        session.gradientLimit = file.gradientLimit
        if let distillation = file.distillation, let teacher {
            session.distillation = Distillation(
                teacher: try teacher(distillation, pictures.shape), temperature: distillation.temperature,
                share: distillation.share)
        }
        schedule = file.schedule.make()
        try pictures.check(output: session.outputShape)
    }

    // MARK: Running

    /// Trains to the end, and writes what it makes to the output folder: `network.yaml` and `weights.safetensors`, `curves.csv`,
    /// `curves.svg`, and a checkpoint.
    ///
    /// - Parameter observe: told what happens.
    /// - Throws: `limitExceeded`, with the epoch and the step, if the loss is no number; `inputOutput` if the folder cannot be
    ///   written to.
    public func run(observe: (TrainingEvent) throws -> Void) throws {
        try makeFolder()
        var progress = Checkpoint.Progress(
            seed: file.seed, stepsPerEpoch: stepsPerEpoch, epochs: file.epochs, settings: settings)
        let checkpoint = path(Checkpoint.name)
        if file.resume, FileManager.default.fileExists(atPath: checkpoint) {
            progress = try resume(checkpoint)
            try observe(.resumed(epochs: progress.epoch, steps: progress.step))
        } else {
            // Also shows that the folder can be written to, before anything takes time.
            try Checkpoint(progress, session: session).write(to: checkpoint)
        }
        history = progress.history
        while progress.epoch < file.epochs, !isOver(progress) { try runEpoch(&progress, observe: observe) }
        if let rule = file.earlyStopping, isOver(progress) {
            try observe(.stoppedEarly(epoch: progress.epoch, rule))
        }
        try writeNetwork()
    }

    /// What a checkpoint must have in common with the file beside its numbers: weights that were trained one way are not gone on with
    /// in another.
    private var settings: String {
        let parts: [Any?] = [
            file.loss, file.optimizer, file.schedule, file.augment, file.batch, file.precision, file.gradientLimit,
            file.momentum, file.distillation?.network, file.distillation?.temperature,
            file.distillation?.share,
        ]
        // What came later is said only where it is used, so that older checkpoints remain good.
        let later: [Any?] = [
            file.quantization, session.signature, file.earlyStopping?.watched == .training ? "total loss" : nil,
        ]
        return (parts.map { $0.map { "\($0)" } ?? "none" } + later.compactMap { $0.map { "\($0)" } })
            .joined(separator: "; ")
    }

    private func path(_ name: String) -> String { URL(fileURLWithPath: file.output).appendingPathComponent(name).path }

    private func makeFolder() throws {
        try FileManager.default.makeFolder(file.output)
        // What an interrupted write left behind.
        for name in (try? FileManager.default.contentsOfDirectory(atPath: file.output)) ?? []
        where name.hasPrefix(".tessera-") {
            try? FileManager.default.removeItem(atPath: path(name))
        }
    }

    private func resume(_ path: String) throws -> Checkpoint.Progress {
        let checkpoint = try Checkpoint(path: path)
        let progress = checkpoint.progress
        guard progress.seed == file.seed, progress.stepsPerEpoch == stepsPerEpoch, progress.epochs == file.epochs,
            progress.settings == settings
        else {
            throw TesseraError(
                .invalidArgument,
                "'\(path)' is of a training with other settings (\(progress.epochs) epochs of \(progress.stepsPerEpoch) steps, seed \(progress.seed)): set 'resume: false' or another 'output'"
            )
        }
        try checkpoint.restore(session)
        return progress
    }

    /// Whether training ends early.
    private func isOver(_ progress: Checkpoint.Progress) -> Bool {
        file.earlyStopping.map { progress.epochsSinceBest >= $0.patience } ?? false
    }

    private func runEpoch(_ progress: inout Checkpoint.Progress, observe: (TrainingEvent) throws -> Void) throws {
        let epoch = progress.epoch
        let batches = try pictures.batches(ofEpoch: epoch, from: progress.step)
        let clock = ContinuousClock()
        let (start, first) = (clock.now, progress.step)
        var rate = 0.0
        while let next = try batches.next() {
            let step = epoch * stepsPerEpoch + progress.step
            rate = file.optimizer.rate * schedule.factor(step: step, of: file.epochs * stepsPerEpoch)
            let result = try locatingErrors(path: "epoch \(epoch + 1), step \(progress.step + 1)") {
                try session.step(next, rate: rate)
            }
            progress.step += 1
            progress.lossSum += result.loss
            if let parts = result.parts { progress.lossParts = (progress.lossParts ?? LossParts()) + parts }
            progress.correct += result.correct ?? 0
            let seconds = max(1e-9, (clock.now - start) / .seconds(1))
            try observe(
                .step(
                    epoch: epoch + 1, steps: progress.step, total: stepsPerEpoch,
                    loss: progress.lossSum / Double(progress.step),
                    imagesPerSecond: Double((progress.step - first) * batch) / seconds))
            if let every = file.checkpointSteps, progress.step % every == 0, progress.step < stepsPerEpoch {
                try session.requireFiniteWeights()
                try Checkpoint(progress, session: session).write(to: path(Checkpoint.name))
            }
        }
        let seconds = (clock.now - start) / .seconds(1)
        let speed = Double((progress.step - first) * batch) / max(1e-9, seconds)
        try finishEpoch(&progress, rate: rate, seconds: seconds, speed: speed, observe: observe)
    }

    private func finishEpoch(
        _ progress: inout Checkpoint.Progress, rate: Double, seconds: Double, speed: Double,
        observe: (TrainingEvent) throws -> Void
    ) throws {
        let evaluation = try pictures.testCount == 0 ? nil : evaluate()
        try locatingErrors(path: "epoch \(progress.epoch + 1)") {
            try session.requireFiniteWeights()
            guard evaluation?.loss.isFinite ?? true else {
                throw TesseraError(
                    .limitExceeded, "the test loss is \(evaluation?.loss ?? 0): the learning rate may be too large")
            }
        }
        let count = Double(stepsPerEpoch * batch)
        let result = TrainingHistory.Epoch(
            epoch: progress.epoch + 1, rate: rate, trainLoss: progress.lossSum / Double(stepsPerEpoch),
            trainLossParts: progress.lossParts.map { $0 / Double(stepsPerEpoch) },
            trainAccuracy: file.data.kind == .restoration ? nil : Double(progress.correct) / count,
            testLoss: evaluation?.loss, testAccuracy: evaluation?.accuracy, testPSNR: evaluation?.psnr,
            seconds: seconds, imagesPerSecond: speed)
        history.epochs.append(result)
        progress.history = history
        progress.epoch += 1
        (progress.step, progress.lossSum, progress.lossParts, progress.correct) = (0, 0, nil, 0)
        let testLoss = file.earlyStopping?.watched == .training ? nil : evaluation?.loss
        let loss = testLoss ?? result.trainLoss
        if progress.bestLoss.map({ loss < $0 - (file.earlyStopping?.threshold ?? 0) }) ?? true {
            (progress.bestLoss, progress.epochsSinceBest) = (loss, 0)
        } else {
            progress.epochsSinceBest += 1
        }
        try Checkpoint(progress, session: session).write(to: path(Checkpoint.name))
        try writeFile(history.csv, to: path("curves.csv"))
        try writeFile(history.svg(title: session.network.name), to: path("curves.svg"))
        try observe(.epoch(result))
    }

    private func writeNetwork() throws {
        try session.trainedNetwork().write(to: path("network.yaml"), weightName: "weights.safetensors")
    }

    /// How good the network is in training, as its weights are now, on the pictures to test with.
    ///
    /// - Throws: `invalidArgument` if there are none.
    public func evaluate() throws -> Evaluation {
        try pictures.evaluation(session.evaluate)
    }
}
