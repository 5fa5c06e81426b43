import TesseraCore

/// Inputs of a network with what is expected of them.
public struct LabelledSamples: Sendable {
    /// A tensor for every input by name, with the samples along the first axis.
    public let inputs: [String: Tensor]
    /// The number of each sample's class [samples], or the values that are expected of the output [samples, …]; nil for samples
    /// without.
    public let expected: Tensor?

    /// - Throws: `shapeMismatch` unless all have the same number of samples.
    public init(inputs: [String: Tensor], expected: Tensor? = nil) throws {
        (self.inputs, self.expected) = (inputs, expected)
        for (name, tensor) in inputs.sorted(by: { $0.key < $1.key }) {
            guard tensor.shape.rank > 0, tensor.shape[0] > 0 else {
                throw TesseraError(
                    .shapeMismatch, "expected samples along the first axis of '\(name)', found \(tensor.shape)")
            }
            guard tensor.shape[0] == count else {
                throw TesseraError(.shapeMismatch, "expected \(count) samples of '\(name)', found \(tensor.shape[0])")
            }
        }
        if let expected, expected.shape.dimensions.first != count {
            throw TesseraError(
                .shapeMismatch, "expected labels for \(count) samples, found \(expected.shape.dimensions.first ?? 0)")
        }
    }

    public var count: Int { inputs.min { $0.key < $1.key }?.value.shape[0] ?? 0 }

    /// The samples in parts of at most so many.
    public func batches(of size: Int) throws -> [LabelledSamples] {
        try stride(from: 0, to: count, by: max(1, size)).map { start in
            let range = start..<min(count, start + max(1, size))
            func part(_ tensor: Tensor) throws -> Tensor {
                try tensor.cropped(to: Region(whole: tensor.shape).replacing(axis: 0, with: range))
            }
            return try LabelledSamples(inputs: inputs.mapValues(part), expected: expected.map(part))
        }
    }

    /// The first samples.
    public func prefix(_ count: Int) throws -> LabelledSamples {
        try self.count <= count ? self : batches(of: count).first ?? self
    }
}
