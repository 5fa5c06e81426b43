/// Integers that stand for the numbers of a weight: number = integer · scale of its output channel, rounded to f32.
public struct QuantizedWeight: Sendable {
    /// Of i8, in the shape of the weight.
    public let integers: Tensor
    /// Of f32: one, or one for each output channel, which is the first axis.
    public let scales: Tensor

    public init(integers: Tensor, scales: Tensor) { (self.integers, self.scales) = (integers, scales) }
}

/// An operator whose result may be the numbers that integers of a file stand for, which layers can read instead.
public protocol QuantizedWeightSource: Operator {
    /// What the result stands for, given the operator's inputs; nil if it is no weight of signed bytes with a scale for each
    /// output channel.
    func quantizedWeight(_ inputs: [Tensor]) -> QuantizedWeight?
}
