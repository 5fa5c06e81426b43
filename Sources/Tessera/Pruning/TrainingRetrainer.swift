import Foundation
import TesseraCore
import TesseraNetwork
import TesseraPruning
import TesseraRuntime
import TesseraTraining

/// Trains between the steps of pruning as a training file says, while what is pruned stays zero (METHODS.md D8-D10).
struct TrainingRetrainer: Retrainer {
    /// What it says of a network does not count.
    let file: TrainingFile
    /// As it is built for other weights.
    let network: Network
    let modules: Modules
    let backend: any KernelBackend
    let threads: Int
    let observe: @Sendable (TrainingEvent) -> Void

    func retrained(_ weights: [String: Tensor], masks: [String: Tensor], step: Int) throws -> [String: Tensor] {
        let session = try train(network.changing(weights), masks: masks, step: step)
        return try session.parameters.tensors()
    }

    /// A network that was made smaller, trained.
    func trained(_ small: Network, step: Int) throws -> Network {
        try train(small, masks: [:], step: step).trainedNetwork()
    }

    private func train(_ network: Network, masks: [String: Tensor], step: Int) throws -> TrainingSession {
        var file = file
        file.output = URL(fileURLWithPath: file.output).appendingPathComponent("step-\(step + 1)").path
        // A checkpoint here is of other weights.
        file.resume = false
        let training = try modules.training(file, of: network, backend: backend, threads: threads)
        for (name, mask) in masks { try training.session.setMask(mask, of: name) }
        try training.run(observe: observe)
        return training.session
    }
}
