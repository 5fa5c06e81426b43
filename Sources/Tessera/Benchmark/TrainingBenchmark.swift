import Foundation
import TesseraCore
import TesseraNetwork
import TesseraRuntime
import TesseraTraining

/// Measures steps of training over random pictures: forward, backward and an update by SGD with Nesterov momentum.
public struct TrainingBenchmark: Encodable, Sendable, CustomStringConvertible {
    public let network: String
    public let precision: String
    public let threads: Int
    public let batch: Int
    public let steps: Int
    public let median_ms: Double
    public let min_ms: Double
    /// The batch over the median.
    public let images_per_second: Double

    /// - Throws: `invalidArgument` for a network of several inputs or outputs, and what compiling throws.
    public init(
        _ network: Network, inputs: [String: Tensor], backend: any TrainingBackend, threads: Int,
        precision: TrainingPrecision, seconds: Double
    ) throws {
        let session = try TrainingSession(
            network, inputs: inputs.mapValues(\.shape), backend: backend,
            options: TrainingOptions(threads: threads, precision: precision.precision), loss: MeanSquaredError(),
            optimizer: StochasticGradientDescent(momentum: 0.9, nesterov: true))
        guard let input = inputs.values.first else {
            throw TesseraError(.invalidArgument, "expected a network with an input to train")
        }
        let sample = TrainingBatch(input: input, target: .tensor(try Tensor(zeros: session.outputShape)))
        let clock = ContinuousClock()
        // The first one touches all memory for the first time.
        _ = try session.step(sample, rate: 1e-3)
        var times: [Double] = []
        let end = clock.now + .seconds(seconds)
        repeat {
            let start = clock.now
            _ = try session.step(sample, rate: 1e-3)
            times.append((clock.now - start) / .milliseconds(1))
        } while clock.now < end || times.count < 3
        times.sort()
        self.network = network.name
        self.precision = precision.rawValue
        self.threads = threads
        batch = session.inputShape.dimensions.first ?? 1
        steps = times.count
        median_ms = times[times.count / 2]
        min_ms = times[0]
        images_per_second = Double(batch) / median_ms * 1000
    }

    public var description: String {
        var table = TextTable(header: ["network", "precision", "batch", "median ms", "min ms", "images/s"])
        table.add(
            [network, precision, String(batch)]
                + [median_ms, min_ms, images_per_second].map { String(format: "%.1f", $0) })
        return "\(table)"
    }
}
