import TesseraCore
import TesseraNetwork
import TesseraPruning
import TesseraRuntime
import TesseraTraining

/// The mean loss of a network over labelled samples, and gradients by backward passes over whole batches of them.
///
/// A backward pass goes through batch normalizations as training does, by the statistics of each batch: the gradients are close to those
/// of the loss, not the same.
struct SampleGradients: PruningObjective {
    let forward: SampleLoss
    /// As it is built for other weights.
    let network: Network
    let samples: LabelledSamples
    let settings: SampleSettings
    let backend: any TrainingBackend
    let threads: Int

    func loss(_ weights: [String: Tensor]) throws -> Double { try forward.loss(weights) }

    /// - Throws: what training throws for networks that it does not take.
    func gradients(_ weights: [String: Tensor]) throws -> [String: Tensor] {
        let size = min(settings.batch, samples.count)
        let batches = try samples.batches(of: size).filter { $0.count == size }
        let loss: any Loss =
            switch settings.loss {
            case .crossEntropy: CrossEntropy()
            case .meanSquaredError: MeanSquaredError()
            }
        let session = try TrainingSession(
            network.changing(weights),
            inputs: batches.first?.inputs.mapValues(\.shape) ?? [:], backend: backend,
            options: TrainingOptions(threads: threads),
            loss: loss, optimizer: StochasticGradientDescent())
        var sums: [String: [Float]] = [:]
        for batch in batches {
            guard let input = batch.inputs.first?.value, let expected = batch.expected else { continue }
            let target: TrainingTarget =
                settings.loss == .crossEntropy ? .classes(expected.integers().map { Int($0) }) : .tensor(expected)
            _ = try session.gradients(of: TrainingBatch(input: input, target: target))
            for entry in session.parameters.entries where entry.isTrainable {
                let gradient = try session.parameters.gradient(entry).floats()
                let scaled = gradient.map { $0 / Float(batches.count) }
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
