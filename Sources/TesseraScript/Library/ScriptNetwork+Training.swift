import Foundation
import Tessera

/// Training.
extension ScriptNetwork {
    static var train: Binding {
        Binding(
            of: ScriptNetwork.self, "train",
            "train{config: string, output?: string, epochs?: integer, quantization?: string|table} -> Network, table[]",
            "Trains the network, from the weights that it has, as a training file says, whose own network and weights are "
                + "left out of account. Gives the trained network and what each epoch came to: epoch, rate, train_loss, "
                + "train_accuracy, test_loss, test_accuracy, test_psnr, and with an auxiliary network own_loss, auxiliary_loss, "
                + "distillation_loss. `output`, `epochs` and `quantization` replace those of the file; with `quantization` the trained "
                + "network is one of integers."
        ) { network, call in
            try call.expectArguments(atMost: 1)
            var options = try call.options()
            let config = try options.require("config", "a training file") { try $0.requireString() }
            let (output, epochs) = (try options.string("output"), try options.integer("epochs"))
            let quantization = try options.take("quantization") {
                try QuantizationDeclaration(configuration: $0.configuration())
            }
            try options.finish()
            return try locatingErrors(path: call.name) {
                var file = try TrainingFile(path: config)
                file.output = output ?? file.output
                file.epochs = epochs ?? file.epochs
                file.quantization = quantization ?? file.quantization
                // A checkpoint there is of another network's weights.
                file.resume = false
                try file.validate()
                let training = try network.context.modules.training(
                    file, of: network.network, backend: network.backend, threads: network.threads)
                let end = call.limits.end
                try training.run { _ in
                    guard let end, ContinuousClock.now > end else { return }
                    throw TesseraError(.limitExceeded, "the script's time is over")
                }
                let trained = ScriptNetwork(
                    try training.session.trainedNetwork(), backend: network.backend, threads: network.threads,
                    context: network.context)
                let history = training.history.epochs.map { ScriptValue.table(ScriptTable($0)) }
                return [.object(trained), .table(ScriptTable(array: history))]
            }
        }
    }

    static var trainer: Binding {
        Binding(
            of: ScriptNetwork.self, "trainer",
            "trainer{batch: integer, loss?: string|table, optimizer?: string|table, precision?: string} -> Trainer",
            "Makes the network ready for a training loop of one's own, with batches of that many samples. `loss` and `optimizer` "
                + "are as in training files; a step that is given no rate takes the optimizer's."
        ) { network, call in
            try call.expectArguments(atMost: 1)
            var options = try call.options()
            let batch = try options.require("batch", "how many samples a batch has") { try $0.requireInteger() }
            let loss = try options.take("loss") { try LossDeclaration(configuration: $0.configuration()) }
            let optimizer = try options.take("optimizer") {
                try OptimizerDeclaration(configuration: $0.configuration())
            }
            let precision = try options.take("precision") {
                try TrainingPrecision(configuration: try $0.requireString().configuration)
            }
            try options.finish()
            return try locatingErrors(path: call.name) {
                [
                    .object(
                        try ScriptTrainer(network, batch: batch, loss: loss, optimizer: optimizer, precision: precision)
                    )
                ]
            }
        }
    }
}

extension ScriptTable {
    fileprivate init(_ epoch: TrainingHistory.Epoch) {
        self.init(entries: [
            "epoch": .integer(epoch.epoch), "rate": .number(epoch.rate), "train_loss": .number(epoch.trainLoss),
        ])
        entries["own_loss"] = (epoch.trainLossParts?.own).map(ScriptValue.number)
        entries["auxiliary_loss"] = (epoch.trainLossParts?.auxiliary).map(ScriptValue.number)
        entries["distillation_loss"] = (epoch.trainLossParts?.distillation).map(ScriptValue.number)
        entries["train_accuracy"] = epoch.trainAccuracy.map(ScriptValue.number)
        entries["test_loss"] = epoch.testLoss.map(ScriptValue.number)
        entries["test_accuracy"] = epoch.testAccuracy.map(ScriptValue.number)
        entries["test_psnr"] = epoch.testPSNR.map(ScriptValue.number)
    }
}
