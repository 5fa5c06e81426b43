import ArgumentParser
import Foundation
import Synchronization
import Tessera

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Trains a network as a file says.",
        discussion: """
            Writes network.yaml, weights.safetensors, the curves and a checkpoint to the file's output folder. After an \
            interruption, the same command goes on from the last checkpoint, to the same weights. docs/training.md says more.
            """)

    @OptionGroup var plugins: PluginOptions

    @Argument(help: "The training file.")
    var config: String

    @Option(help: "The kernel backend.")
    var backend = Modules.defaultBackend

    @Flag(help: "Print one JSON object on standard output.")
    var json = false

    private struct Report: Encodable {
        let network: String
        let output: String
        let parameters: Int
        let stopped_early: Bool
        let epochs: [EpochReport]
    }

    func run() throws {
        let file = try TrainingFile(path: config)
        let training = try plugins.modules().training(file, backend: backend)
        let progress = TrainingProgress(epochs: file.epochs, network: training.session.network.name)
        var isStopped = false
        try training.run { event in
            if case .stoppedEarly = event { isStopped = true }
            progress.show(event)
        }
        let own = training.session.network.loadedWeights
        let parameters = training.session.parameters.entries.filter { $0.isTrainable && own[$0.name] != nil }
            .reduce(0) { $0 + $1.range.count }
        let report = Report(
            network: training.session.network.name, output: file.output, parameters: parameters,
            stopped_early: isStopped, epochs: training.history.epochs.map(EpochReport.init))
        if json { try printJSON(report) } else { print(file.output) }
    }
}

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Measures how good a network is on the test pictures of a training file.",
        discussion: """
            Accuracy for classes, peak signal-to-noise ratio for restoration. The network runs as it does elsewhere: folded, and with \
            integers if it was quantized.
            """)

    @OptionGroup var plugins: PluginOptions

    @Argument(help: "The training file.")
    var config: String

    @Option(help: "A network file in place of the one that the training file names, with its own weights.")
    var network: String?

    @Option(help: "A weight file (.safetensors or .tcw); what training wrote to the output folder if left out.")
    var weights: String?

    @Option(help: "The kernel backend.")
    var backend = Modules.defaultBackend

    @Flag(help: "Print one JSON object on standard output.")
    var json = false

    private struct Report: Encodable {
        let network: String
        let weights: String
        let pictures: Int
        let loss: Double
        let accuracy: Double?
        let psnr_db: Double?
    }

    func run() throws {
        let file = try TrainingFile(path: config)
        let folder = URL(fileURLWithPath: file.output)
        let trained = folder.appendingPathComponent("network.yaml").path
        let modules = try plugins.modules(file.plugins)
        let (chosen, source): (Network, String)
        if let network {
            chosen = try modules.loader.load(network, weights: weights.map { .file($0) })
            source = weights ?? "the network's own"
        } else if weights == nil, FileManager.default.fileExists(atPath: trained) {
            (chosen, source) = (
                try modules.loader.load(trained), folder.appendingPathComponent("weights.safetensors").path
            )
        } else {
            let given = weights.map { .file($0) } ?? file.weights
            (chosen, source) = (
                try modules.loader.load(file.network, weights: given), given.map(Self.name) ?? "the network's own"
            )
        }
        let result = try file.evaluate(
            chosen, backend: modules.backends.make(backend), threads: ProcessInfo.processInfo.activeProcessorCount)
        let report = Report(
            network: chosen.name, weights: source,
            pictures: result.count, loss: result.loss, accuracy: result.accuracy, psnr_db: result.psnr)
        if json { return try printJSON(report) }
        var table = TextTable(header: ["network", "pictures", "loss", result.psnr == nil ? "accuracy" : "PSNR"])
        let quality =
            result.accuracy.map { String(format: "%.2f %%", $0 * 100) }
            ?? result.psnr.map { String(format: "%.2f dB", $0) } ?? ""
        table.add([report.network, String(result.count), String(format: "%.4f", result.loss), quality])
        print(table)
    }

    private static func name(_ weights: WeightSource) -> String {
        if case .file(let path) = weights { path } else { YAMLWriter.flow(weights.configuration) }
    }
}

/// An epoch, as `--json` prints it.
struct EpochReport: Encodable {
    let epoch: Int
    let rate: Double
    let train_loss: Double
    let own_loss: Double?
    let auxiliary_loss: Double?
    let distillation_loss: Double?
    let train_accuracy: Double?
    let test_loss: Double?
    let test_accuracy: Double?
    let test_psnr_db: Double?
    let seconds: Double
    let images_per_second: Double

    init(_ epoch: TrainingHistory.Epoch) {
        (self.epoch, rate) = (epoch.epoch, epoch.rate)
        (train_loss, train_accuracy) = (epoch.trainLoss, epoch.trainAccuracy)
        (own_loss, auxiliary_loss) = (epoch.trainLossParts?.own, epoch.trainLossParts?.auxiliary)
        distillation_loss = epoch.trainLossParts?.distillation
        (test_loss, test_accuracy, test_psnr_db) = (epoch.testLoss, epoch.testAccuracy, epoch.testPSNR)
        (seconds, images_per_second) = (epoch.seconds, epoch.imagesPerSecond)
    }
}

/// Shows on standard error how training goes: a line for each epoch, and on a terminal a bar within it.
final class TrainingProgress: Sendable {
    private let epochs: Int
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let last = Mutex(ContinuousClock.now - .seconds(1))

    init(epochs: Int, network: String) {
        self.epochs = epochs
        note("training \(network) for \(epochs) epoch\(epochs == 1 ? "" : "s")")
    }

    func show(_ event: TrainingEvent) {
        switch event {
        case .resumed(let epochs, let steps):
            note("going on from the checkpoint after \(epochs) epochs and \(steps) steps")
        case .stoppedEarly(let epoch, let rule):
            let name = rule.watched == .test ? "test loss" : "total loss of training"
            note(
                "stopping after epoch \(epoch): the \(name) has not become better by more than \(rule.threshold) for \(rule.patience) epoch\(rule.patience == 1 ? "" : "s")"
            )
        case .step(let epoch, let steps, let total, let loss, let speed):
            guard isTerminal, isDue || steps == total else { return }
            let bar = ProgressBar.text(steps, of: total)
            write(
                "\r\u{1B}[K"
                    + String(
                        format: "epoch %d/%d %@ %d/%d  loss %.4f  %.0f images/s", epoch, epochs, bar, steps, total,
                        loss,
                        speed))
        case .epoch(let epoch):
            if isTerminal { write("\r\u{1B}[K") }
            note(Self.line(epoch, of: epochs))
        }
    }

    /// Whether the bar was drawn long enough ago.
    private var isDue: Bool {
        last.withLock { last in
            guard ContinuousClock.now - last > .milliseconds(200) else { return false }
            last = .now
            return true
        }
    }

    private static func line(_ epoch: TrainingHistory.Epoch, of epochs: Int) -> String {
        var parts = [String(format: "epoch %d/%d", epoch.epoch, epochs), String(format: "rate %.5f", epoch.rate)]
        parts.append(String(format: "loss %.4f", epoch.trainLoss))
        if let of = epoch.trainLossParts {
            parts.append(
                String(
                    format: "(quantized %.4f, auxiliary %.4f, distillation %.4f)", of.own, of.auxiliary, of.distillation
                ))
        }
        if let accuracy = epoch.trainAccuracy { parts.append(String(format: "accuracy %.2f %%", accuracy * 100)) }
        if let loss = epoch.testLoss { parts.append(String(format: "test loss %.4f", loss)) }
        if let accuracy = epoch.testAccuracy { parts.append(String(format: "test accuracy %.2f %%", accuracy * 100)) }
        if let psnr = epoch.testPSNR { parts.append(String(format: "test PSNR %.2f dB", psnr)) }
        parts.append(String(format: "%.1f s", epoch.seconds))
        parts.append(String(format: "%.0f images/s", epoch.imagesPerSecond))
        return parts.joined(separator: "  ")
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
