import Foundation
import TesseraCore
import TesseraNetwork
import TesseraRuntime

/// Everything that training goes on from: weights, what the optimizer remembers, and where in which epoch it was. One
/// safetensors file, replaced as a whole: whatever happens while it is written, the one before remains.
///
/// Random numbers follow from the seed, the epoch and the picture, so their state is the place in the epoch.
struct Checkpoint {
    /// What a checkpoint says beside its tensors.
    struct Progress: Codable, Equatable {
        /// Epochs that are complete.
        var epoch = 0
        /// Steps of the next epoch that are done.
        var step = 0
        var seed: Int
        /// Steps in an epoch.
        var stepsPerEpoch: Int
        var epochs: Int
        /// The other settings that must be the same, in words.
        var settings: String
        var optimizerSteps = 0
        /// Sums over the steps that are done.
        var lossSum = 0.0
        var lossParts: LossParts?
        var correct = 0
        var history = TrainingHistory()
        /// The best of the loss that is watched so far, and the epochs since.
        var bestLoss: Double?
        var epochsSinceBest = 0
    }

    static let name = "checkpoint.safetensors"

    var progress: Progress
    let tensors: [String: Tensor]

    private static let weightPrefix = "weights/"
    private static let statePrefix = "optimizer/"

    /// What training is at.
    init(_ progress: Progress, session: TrainingSession) throws {
        var tensors: [String: Tensor] = [:]
        for (name, tensor) in try session.parameters.tensors() { tensors[Self.weightPrefix + name] = tensor }
        for (name, values) in session.optimizer.state where !values.isEmpty {
            tensors[Self.statePrefix + name] = try Tensor(values, shape: [values.count])
        }
        self.tensors = tensors
        self.progress = progress
        self.progress.optimizerSteps = session.optimizer.steps
    }

    /// Reads a checkpoint.
    ///
    /// - Throws: `malformedFile` if it is none.
    init(path: String) throws {
        let file = try SafetensorsFile(path: path)
        guard let text = file.metadata["training"] else {
            throw TesseraError(.malformedFile, "'\(path)': expected a checkpoint, found other tensors")
        }
        do {
            progress = try JSONDecoder().decode(Progress.self, from: Data(text.utf8))
        } catch {
            throw TesseraError(.malformedFile, "'\(path)': expected a checkpoint of this version", cause: error)
        }
        tensors = try Dictionary(uniqueKeysWithValues: file.names.map { ($0, try file.tensor($0)) })
    }

    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let text = String(decoding: try encoder.encode(progress), as: UTF8.self)
        try SafetensorsFile.write(tensors, metadata: ["training": text], to: path)
    }

    /// Puts a session where this was.
    ///
    /// - Throws: `notFound` for a weight that the checkpoint does not have, `shapeMismatch` for one of another shape.
    func restore(_ session: TrainingSession) throws {
        for entry in session.parameters.entries {
            guard let tensor = tensors[Self.weightPrefix + entry.name] else {
                throw TesseraError(
                    .notFound, "the checkpoint has no weight '\(entry.name)': is it that of another network?")
            }
            try session.parameters.set(entry, tensor)
        }
        var state: [String: [Float]] = [:]
        for (name, tensor) in tensors where name.hasPrefix(Self.statePrefix) {
            state[String(name.dropFirst(Self.statePrefix.count))] = try tensor.floats()
        }
        session.optimizer.state = state
        session.optimizer.steps = progress.optimizerSteps
    }
}
