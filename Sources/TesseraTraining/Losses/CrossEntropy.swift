import Foundation
import TesseraCore

/// Cross-entropy of the softmax of the outputs [batch, classes]: -Σ q log p, where q is 1 - s for the right class and s / classes
/// is added for each class, with the label smoothing s (Szegedy et al., 2016).
public struct CrossEntropy: Loss {
    public var labelSmoothing: Double

    public init(labelSmoothing: Double = 0) { self.labelSmoothing = labelSmoothing }

    public func evaluate(_ output: Tensor, _ target: TrainingTarget, gradient: inout Tensor) throws -> Double {
        guard case .classes(let labels) = target else {
            throw TesseraError(.shapeMismatch, "expected classes to compare outputs with, found a tensor")
        }
        let (batch, classes) = try output.classRows()
        guard labels.count == batch, gradient.shape == output.shape else {
            throw TesseraError(.shapeMismatch, "expected \(batch) classes, one for each output, found \(labels.count)")
        }
        if let label = labels.first(where: { !(0..<classes).contains($0) }) {
            throw TesseraError(.invalidArgument, "expected a class from 0 to \(classes - 1), found \(label)")
        }
        let rest = labelSmoothing / Double(classes)
        var loss = 0.0
        try output.withFloats { y in
            try gradient.withMutableFloats { g in
                for row in 0..<batch {
                    let range = row * classes..<(row + 1) * classes
                    let logSum = logSumOfExponentials(y, range)
                    for index in range {
                        let logProbability = Double(y[index]) - logSum
                        let wanted = rest + (index - range.lowerBound == labels[row] ? 1 - labelSmoothing : 0)
                        loss -= wanted * logProbability
                        g[index] = Float((exp(logProbability) - wanted) / Double(batch))
                    }
                }
            }
        }
        return loss / Double(batch)
    }
}

/// The Kullback-Leibler divergence of a teacher's probabilities from the outputs', both softened by a temperature, times its
/// square: T² · Σ q log(q / p) with q = softmax(teacher / T), p = softmax(y / T) (Hinton et al., 2015).
public struct DistillationLoss: Sendable {
    public var temperature: Double

    public init(temperature: Double) { self.temperature = temperature }

    /// - Parameter gradient: a tensor of the output's shape that takes dL/dy.
    public func evaluate(_ output: Tensor, teacher: Tensor, gradient: inout Tensor) throws -> Double {
        guard output.shape == teacher.shape, gradient.shape == output.shape else {
            throw TesseraError(
                .shapeMismatch, "expected a teacher's outputs of \(output.shape), found \(teacher.shape)")
        }
        let (batch, classes) = try output.classRows()
        var loss = 0.0
        try output.withFloats { y in
            try teacher.withFloats { t in
                try gradient.withMutableFloats { g in
                    for row in 0..<batch {
                        let range = row * classes..<(row + 1) * classes
                        let own = logSumOfExponentials(y, range, temperature: temperature)
                        let wanted = logSumOfExponentials(t, range, temperature: temperature)
                        for index in range {
                            let (logP, logQ) = (
                                Double(y[index]) / temperature - own, Double(t[index]) / temperature - wanted
                            )
                            loss += exp(logQ) * (logQ - logP)
                            g[index] = Float(temperature * (exp(logP) - exp(logQ)) / Double(batch))
                        }
                    }
                }
            }
        }
        return loss * temperature * temperature / Double(batch)
    }
}

/// log Σ exp(y / temperature) over a range.
private func logSumOfExponentials(
    _ y: UnsafeBufferPointer<Float>, _ range: Range<Int>, temperature: Double = 1
) -> Double {
    var largest = -Double.infinity
    for index in range { largest = max(largest, Double(y[index]) / temperature) }
    var sum = 0.0
    for index in range { sum += exp(Double(y[index]) / temperature - largest) }
    return largest + log(sum)
}

extension Tensor {
    /// The number of samples, and of the classes that each has a number for.
    ///
    /// - Throws: `shapeMismatch` for a shape other than [batch, classes] or [batch, classes, 1, 1].
    func classRows() throws -> (batch: Int, classes: Int) {
        guard shape.rank >= 2, shape.dimensions.dropFirst(2).allSatisfy({ $0 == 1 }), elementCount > 0 else {
            throw TesseraError(.shapeMismatch, "expected outputs of [batch, classes], found \(shape)")
        }
        return (shape[0], shape[1])
    }
}
