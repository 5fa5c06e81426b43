import Foundation
import TesseraCore

/// How far the outputs of a network are from what is expected.
public enum LossKind: String, ConfigurationChoice {
    /// -log of the probability of the expected class, of outputs that are the logarithms of unnormalized probabilities.
    case crossEntropy = "cross-entropy"
    /// The mean of the squared differences.
    case meanSquaredError = "mse"

    /// The sum over the samples.
    ///
    /// - Parameters:
    ///   - output: [samples, classes] for cross-entropy, or of the shape of what is expected.
    ///   - expected: the number of each class [samples], or the values.
    /// - Throws: `shapeMismatch` if they do not fit, `invalidArgument` for a class that the output does not have.
    func sum(_ output: Tensor, _ expected: Tensor) throws -> Double {
        switch self {
        case .crossEntropy: try crossEntropy(output, expected)
        case .meanSquaredError: try squares(output, expected)
        }
    }

    private func crossEntropy(_ output: Tensor, _ expected: Tensor) throws -> Double {
        guard output.shape.rank == 2, expected.shape == [output.shape[0]] else {
            throw TesseraError(
                .shapeMismatch,
                "cross-entropy expects outputs of samples and classes with a class for each sample, found \(output.shape) and \(expected.shape)"
            )
        }
        let (classes, logits) = (output.shape[1], output.reals())
        return try expected.reals().enumerated().reduce(0) { sum, sample in
            let row = logits[sample.offset * classes..<(sample.offset + 1) * classes]
            guard let label = Int(exactly: sample.element), (0..<classes).contains(label) else {
                throw TesseraError(
                    .invalidArgument, "expected classes from 0 to \(classes - 1), found \(sample.element)")
            }
            let largest = row.max() ?? 0
            let total = row.reduce(0) { $0 + exp($1 - largest) }
            return sum + log(total) + largest - row[row.startIndex + label]
        }
    }

    private func squares(_ output: Tensor, _ expected: Tensor) throws -> Double {
        guard output.shape == expected.shape else {
            throw TesseraError(.shapeMismatch, "expected an output of \(expected.shape), found \(output.shape)")
        }
        let sum = zip(output.reals(), expected.reals()).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        return sum * Double(output.shape[0]) / Double(max(1, output.elementCount))
    }
}
