import Foundation
import Tessera

/// Training.
extension ScriptNetwork {
    static var train: Binding {
        Binding(
            of: ScriptNetwork.self, "train",
            "train{config: string|table, output?: string, epochs?: integer, quantization?: string|table} -> Network, table[]",
            "Trains the network, from the weights that it has, as a training file says, or a table with the same keys, whose own network and weights are "
                + "left out of account. Gives the trained network and what each epoch came to: epoch, rate, train_loss, "
                + "train_accuracy, test_loss, test_accuracy, test_psnr, and with an auxiliary network own_loss, auxiliary_loss, "
                + "distillation_loss. `output`, `epochs` and `quantization` replace those of the file; with `quantization` the trained "
                + "network is one of integers."
        ) { network, call in
            try call.expectArguments(atMost: 1)
            var options = try call.options()
            var file = try options.require(
                "config", "a training file, or a table like one", TrainingFile.init(scriptValue:))
            let (output, epochs) = (try options.string("output"), try options.integer("epochs"))
            let quantization = try options.take("quantization") {
                try QuantizationDeclaration(configuration: $0.configuration())
            }
            try options.finish()
            return try locatingErrors(path: call.name) {
                file.output = output ?? file.output
                try file.requireOutput()
                file.epochs = epochs ?? file.epochs
                file.quantization = quantization ?? file.quantization
                // A checkpoint there is of another network's weights.
                file.resume = false
                try file.validate()
                let training = try network.context.modules.training(
                    file, of: network.network, backend: network.backend, threads: network.threads)
                try training.run { _ in }
                let trained = ScriptNetwork(
                    try training.session.trainedNetwork(), backend: network.backend, threads: network.threads,
                    context: network.context)
                let history = training.history.epochs.map { ScriptValue.table(ScriptTable($0)) }
                return [.object(trained), .table(ScriptTable(array: history))]
            }
        }
    }

    static var data: Binding {
        Binding(
            of: ScriptNetwork.self, "data",
            "data{data: table, batch: integer, augment?: table, seed?: integer} -> Data",
            "Reads pictures to train the network with in a loop of one's own, see `net:trainer`. The options are those of training "
                + "files; paths count from where the process runs."
        ) { network, call in
            try call.expectArguments(atMost: 1)
            var options = try call.options()
            var file = TrainingFile()
            file.data = try options.require("data", "the pictures") {
                try DataDeclaration(configuration: $0.configuration())
            }
            file.batch = try options.require("batch", "how many samples a batch has") { value in
                let batch = try value.requireInteger()
                guard (1...65_536).contains(batch) else {
                    throw TesseraError(.invalidArgument, "expected a batch from 1 to 65536, got \(batch)")
                }
                return batch
            }
            file.augment =
                try options.take("augment") { try Augmentation(configuration: $0.configuration()) }
                ?? file.augment
            file.seed = try options.integer("seed") ?? file.seed
            try options.finish()
            // Decoded pictures are kept within half of what the script may still take.
            if let bytes = call.limits.bytes { file.data.memory = min(file.data.memory, max(0, bytes) >> 21) }
            return try locatingErrors(path: call.name) {
                let data = ScriptData(try TrainingPictures(file, for: network.network))
                try call.limits.check(
                    bytes: data.batchesByteCount, for: "the batches of \(data.shape) that are made ahead")
                return [.object(data)]
            }
        }
    }

    static var trainer: Binding {
        Binding(
            of: ScriptNetwork.self, "trainer",
            "trainer{batch: integer, loss?: string|table, optimizer?: string|table, precision?: string} -> Trainer",
            "Makes the network ready for a training loop of one's own, with batches of that many samples, of which `net:data` has some. `loss` and `optimizer` "
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
                        try ScriptTrainer(
                            network, batch: batch, loss: loss, optimizer: optimizer, precision: precision,
                            within: call.limits))
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
