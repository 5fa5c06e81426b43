import TesseraCore

/// What a batch came to.
public struct BatchResult: Sendable {
    /// The mean over the samples. With an auxiliary network, in training, the sum of all parts.
    public var loss: Double
    /// The parts of the loss in training, as they are before they are weighted; nil without an auxiliary network.
    public var parts: LossParts?
    /// Samples whose largest output is that of their class; nil if there are no classes.
    public var correct: Int?
    /// Peak signal-to-noise ratio of each sample in decibels, for outputs and targets from 0 to 1; nil with classes.
    public var psnr: [Double]?
}

/// The parts of a loss with an auxiliary network (METHODS.md E1, E7), or sums of them.
public struct LossParts: Sendable, Codable, Equatable {
    /// Loss 2, of the network itself.
    public var own = 0.0
    /// Loss 1, of the auxiliary network.
    public var auxiliary = 0.0
    public var distillation = 0.0

    public init() {}

    static func + (a: LossParts, b: LossParts) -> LossParts {
        var sum = a
        sum.own += b.own
        sum.auxiliary += b.auxiliary
        sum.distillation += b.distillation
        return sum
    }

    static func / (sums: LossParts, count: Double) -> LossParts {
        var means = sums
        means.own /= count
        means.auxiliary /= count
        means.distillation /= count
        return means
    }
}

extension BatchResult {
    /// - Parameters:
    ///   - output: what the network makes of the samples.
    ///   - target: what it should make.
    init(loss: Double, output: Tensor, target: TrainingTarget) throws {
        self.loss = loss
        switch target {
        case .classes(let labels):
            let (_, classes) = try output.classRows()
            correct = try output.withFloats { y in
                labels.enumerated().count { row, label in
                    let start = row * classes
                    // The first of several largest counts, so that outputs that are all equal are not right for every class.
                    return (0..<classes).allSatisfy {
                        $0 < label ? y[start + $0] < y[start + label] : y[start + $0] <= y[start + label]
                    }
                }
            }
        case .tensor(let target):
            psnr = try Self.psnr(output, target)
        }
    }

    /// 10 · log10(1 / mean squared error) of each sample.
    private static func psnr(_ output: Tensor, _ target: Tensor) throws -> [Double] {
        let count = output.elementCount / max(1, output.shape[0])
        return try output.withFloats { y in
            try target.withFloats { t in
                (0..<output.shape[0]).map { sample in
                    var sum = 0.0
                    for index in sample * count..<(sample + 1) * count {
                        let difference = Double(min(max(y[index], 0), 1) - t[index])
                        sum += difference * difference
                    }
                    return peakSignalToNoise(meanSquaredError: sum / Double(max(1, count)))
                }
            }
        }
    }
}
