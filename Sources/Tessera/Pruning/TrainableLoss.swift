import Synchronization
import TesseraCore
import TesseraNetwork
import TesseraPruning
import TesseraRuntime
import TesseraTraining

/// The mean loss of a network over labelled samples, and its gradients, by a network that is compiled once for all weights.
///
/// A backward pass goes through batch normalizations as training does, by the statistics of each batch: the gradients are close to those
/// of the loss, not the same.
final class TrainableLoss: PruningObjective {
    /// What is made once a metric asks for a loss.
    private struct Prepared {
        let batches: [TrainingBatch]
        /// Or why there is none.
        let session: Result<TrainingSession, any Error>
    }

    /// What computes the loss of networks that cannot be trained.
    private let forward: SampleLoss
    private let network: Network
    private let samples: LabelledSamples
    private let settings: SampleSettings
    private let backend: any TrainingBackend
    private let threads: Int
    private let prepared = Mutex<Prepared?>(nil)

    /// - Parameter network: as it is built for other weights.
    init(
        forward: SampleLoss, network: Network, samples: LabelledSamples, settings: SampleSettings,
        backend: any TrainingBackend, threads: Int
    ) {
        (self.forward, self.network, self.samples, self.settings) = (forward, network, samples, settings)
        (self.backend, self.threads) = (backend, threads)
    }

    private func prepare() throws -> Prepared {
        let size = min(settings.batch, samples.count)
        let shapes = samples.inputs.mapValues { Shape([size] + $0.shape.dimensions.dropFirst()) }
        let loss: any Loss =
            switch settings.loss {
            case .crossEntropy: CrossEntropy()
            case .meanSquaredError: MeanSquaredError()
            }
        return Prepared(
            batches: try samples.batches(of: size).compactMap { try Self.batch($0, of: size, settings.loss) },
            session: Result {
                try TrainingSession(
                    network, inputs: shapes, backend: backend, options: TrainingOptions(threads: threads), loss: loss,
                    optimizer: StochasticGradientDescent())
            })
    }

    /// What was prepared, now if it was not before.
    private func ready(_ place: inout Prepared?) throws -> Prepared {
        let prepared = try place ?? prepare()
        place = prepared
        return prepared
    }

    /// Samples as training takes them, filled up with zeros to the size of a batch; nil without labels.
    private static func batch(_ samples: LabelledSamples, of size: Int, _ loss: LossKind) throws -> TrainingBatch? {
        guard let input = samples.inputs.first?.value, let expected = samples.expected else { return nil }
        func filled(_ tensor: Tensor) throws -> Tensor {
            guard tensor.shape[0] < size else { return tensor }
            var result = try Tensor(zeros: Shape([size] + tensor.shape.dimensions.dropFirst()))
            try result.paste(tensor, at: Region(whole: tensor.shape))
            return result
        }
        let target: TrainingTarget =
            loss == .crossEntropy ? .classes(expected.integers().map { Int($0) }) : .tensor(try filled(expected))
        return TrainingBatch(input: try filled(input), target: target, count: samples.count)
    }

    func loss(_ weights: [String: Tensor]) throws -> Double {
        try prepared.withLock { place in
            let prepared = try ready(&place)
            guard case .success(let session) = prepared.session else { return try forward.loss(weights) }
            try session.parameters.set(weights)
            let batches = prepared.batches
            let losses = try batches.map { try session.evaluate($0).loss * Double($0.count) }
            return losses.reduce(0, +) / Double(max(1, batches.map(\.count).reduce(0, +)))
        }
    }

    /// - Throws: what training throws for networks that it does not take.
    func gradients(_ weights: [String: Tensor]) throws -> [String: Tensor] {
        try prepared.withLock { place in
            let prepared = try ready(&place)
            let session = try prepared.session.get()
            try session.parameters.set(weights)
            // Statistics of what only fills up a batch would be others.
            let whole = prepared.batches.filter { $0.count == $0.input.shape[0] }
            var sums: [String: [Float]] = [:]
            for batch in whole {
                _ = try session.gradients(of: batch)
                for entry in session.parameters.entries where entry.isTrainable {
                    let scaled = try session.parameters.gradient(entry).floats().map { $0 / Float(whole.count) }
                    sums[entry.name] = sums[entry.name].map { zip($0, scaled).map(+) } ?? scaled
                }
            }
            var gradients: [String: Tensor] = [:]
            for entry in session.parameters.entries {
                guard let sum = sums[entry.name] else { continue }
                gradients[entry.name] = try Tensor(sum, shape: entry.shape)
            }
            return gradients
        }
    }
}
