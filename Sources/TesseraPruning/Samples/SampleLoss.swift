import TesseraCore
import TesseraNetwork
import TesseraRuntime

/// The mean loss of a network over labelled samples, by forward passes.
public struct SampleLoss: PruningObjective {
    private let network: Network
    private let weights: [String: Tensor]
    private let batches: [LabelledSamples]
    private let kind: LossKind
    private let output: String
    private let backend: any KernelBackend
    private let options: CompileOptions

    /// - Parameters:
    ///   - output: the output that is looked at; the only one if left out.
    ///   - batch: how many samples run at once.
    /// - Throws: `invalidArgument` without labels, or if the output is left out and there are several.
    public init(
        _ network: Network, _ dependencies: ChannelDependencies, _ samples: LabelledSamples,
        kind: LossKind = .crossEntropy, output: String? = nil, batch: Int = 128, backend: any KernelBackend,
        options: CompileOptions = CompileOptions()
    ) throws {
        let names = network.graph.outputs.map(\.name)
        guard let output = output ?? (names.count == 1 ? names[0] : nil), names.contains(output) else {
            throw TesseraError(
                .invalidArgument,
                "expected the output that the loss is of, one of \(names.joined(separator: ", ")), found \(output ?? "none")"
            )
        }
        guard samples.expected != nil else {
            throw TesseraError(.invalidArgument, "expected samples with labels, to measure a loss with")
        }
        (self.network, weights) = try network.rebuiltWithWeights(dependencies)
        batches = try samples.batches(of: batch)
        (self.kind, self.output, self.backend, self.options) = (kind, output, backend, options)
    }

    public func loss(_ weights: [String: Tensor]) throws -> Double { try score(weights).loss }

    /// The mean loss, and the part of the samples whose class is the one with the largest output; nil for what are no classes.
    public func score(_ weights: [String: Tensor]) throws -> (loss: Double, accuracy: Double?) {
        let network = network.replacingWeights(.tensors(self.weights.merging(weights) { $1 }))
        var sessions: [Int: StagedSession] = [:]
        var (sum, count, correct) = (0.0, 0, 0)
        for batch in batches {
            let session =
                try sessions[batch.count]
                ?? network.folded().staged(inputs: batch.inputs.mapValues(\.shape), backend, options)
            sessions[batch.count] = session
            guard let found = try session.run(batch.inputs)[output], let expected = batch.expected else { continue }
            sum += try kind.sum(found, expected)
            count += batch.count
            if kind == .crossEntropy { correct += try found.correctClasses(expected) }
        }
        let total = Double(max(1, count))
        return (sum / total, kind == .crossEntropy ? Double(correct) / total : nil)
    }
}

extension Tensor {
    /// How many rows [samples, classes] have their largest element at the expected place.
    ///
    /// - Parameter expected: the number of each class, [samples].
    /// - Throws: `shapeMismatch` if they do not fit, `invalidArgument` for a class that there is not.
    public func correctClasses(_ expected: Tensor) throws -> Int {
        guard shape.rank == 2, expected.shape == [shape[0]] else {
            throw TesseraError(
                .shapeMismatch,
                "expected outputs [samples, classes] and a class for each sample, found \(shape) and \(expected.shape)")
        }
        let (classes, values) = (shape[1], reals())
        return try expected.integers().enumerated().count { sample, label in
            guard (0..<classes).contains(Int(label)) else {
                throw TesseraError(.invalidArgument, "expected classes from 0 to \(classes - 1), found \(label)")
            }
            let row = values[sample * classes..<(sample + 1) * classes]
            return row.indices.max { row[$0] < row[$1] } == row.startIndex + Int(label)
        }
    }
}

extension Network {
    /// The network as it is built for other weights, and the weights it has.
    func rebuiltWithWeights(_ dependencies: ChannelDependencies) throws -> (Network, [String: Tensor]) {
        let network = try rebuilt(dependencies, weights: [:])
        guard case .tensors(let weights) = network.weights else { return (network, [:]) }
        return (network, weights)
    }

    /// The network as it is, ready to run.
    func staged(
        inputs: [String: Shape], _ backend: any KernelBackend, _ options: CompileOptions
    ) throws -> StagedSession {
        try StagedSession(bound(inputs: inputs), backend: backend, options: options)
    }
}
