import TesseraCore

/// Numbers as they come back from integers of a few bits, while a network is trained for these:
/// s · clamp(round(x / s), low, high), where s is the step between two of them.
///
/// The integers are those from 0 to 2^bits - 1, or with `isSigned` from -2^(bits - 1) to 2^(bits - 1) - 1; halves are rounded to even, as
/// `QuantizationScale` says. Rounding has no gradient: that of a number within the range is passed on as it is, and that of one beyond
/// it is 0 (a straight-through estimator: Bengio et al., 2013). It exists in training alone, so network files have no such layer.
public struct FakeQuantize: DifferentiableOperator, Equatable {
    /// What training changes of the range.
    public enum Learned: Sendable, Equatable {
        /// Nothing: the step is this one.
        case nothing(step: Double)
        /// The step: ds = Σ dy · (round(x / s) - x / s) within the range, Σ dy · low or high beyond it, times `gradientScale`
        /// (Esser et al., "Learned Step Size Quantization", 2020).
        case step(gradientScale: Double)
        /// The largest number, α = s · high: dα = Σ dy beyond it, dy · low / high below the smallest, and `decay` · α, which keeps it small
        /// (Choi et al., "PACT: Parameterized Clipping Activation for Quantized Neural Networks", 2018).
        case limit(decay: Double)
    }

    public static let name = "fake_quantize"
    public static let summary = "Numbers rounded as integers of a few bits would have them"
    public static let parameterNames = ["step", "limit"]

    public var bits = 8
    public var isSigned = false
    public var learned = Learned.nothing(step: 1)

    public init() {}

    public init(bits: Int, isSigned: Bool, learned: Learned) {
        (self.bits, self.isSigned, self.learned) = (bits, isSigned, learned)
    }

    public static let keys: [Key<FakeQuantize>] = []
    public var inputCount: ClosedRange<Int> { 1...1 }
    public var isPointwise: Bool { true }

    /// The smallest and the largest integer.
    public var range: ClosedRange<Int> { QuantizationScale.range(of: isSigned ? .i8 : .u8, bits: bits) }

    /// The name of what is learned; nil if nothing is.
    public var parameter: String? {
        switch learned {
        case .nothing: nil
        case .step: "step"
        case .limit: "limit"
        }
    }

    /// The smallest step that there is: one that is learned may not vanish.
    public static let smallestStep: Float = 1e-8

    /// The step, given what is learned.
    public func step(_ learned: Float?) -> Float {
        let step: Float =
            switch self.learned {
            case .nothing(let step): Float(step)
            case .step: learned ?? 1
            case .limit: (learned ?? 1) / Float(range.upperBound)
            }
        return max(step, Self.smallestStep)
    }

    /// What is learned, where the step is to be `step`.
    public func learned(step: Float) -> Float {
        if case .limit = learned { return step * Float(range.upperBound) }
        return step
    }

    /// How the integers stand for numbers: unsigned ones, with a zero point in their middle if numbers may be negative.
    public func quantization(step: Float) -> QuantizationScale {
        QuantizationScale(scale: step, zeroPoint: -range.lowerBound, type: .u8, bits: bits == 8 ? 0 : bits)
    }

    public func parameters(for inputs: [Shape]) throws -> [ParameterSpecification] {
        parameter.map { [ParameterSpecification($0, [1], .scale)] } ?? []
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] { inputs }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        OperatorTile(op: self, inputs: [region])
    }

    /// The rounding that it does, given what is learned.
    public func rounding(_ learned: Float?) -> StepRounding { StepRounding(step: step(learned), range: range) }

    private func rounding(_ parameters: [String: Tensor]) throws -> StepRounding {
        rounding(try parameter.flatMap { try parameters[$0]?.floats().first })
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let rounding = try rounding(parameters)
        var result = try Tensor(zeros: inputs[0].shape)
        try inputs[0].withFloats { numbers in
            try result.withMutableFloats { rounding.round(numbers, into: $0) }
        }
        return [result]
    }

    public func backward(_ pass: BackwardPass) throws -> Gradients {
        let rounding = try rounding(pass.parameters)
        var result = pass.outputGradients[0]
        let sums = try pass.inputs[0].withFloats { numbers in
            try result.withMutableFloats { rounding.takeBack(numbers, gradient: $0) }
        }
        let parameters = try parameter.map { name in
            [name: try Tensor([gradient(sums, learned: pass.parameters[name]?.floats()[0] ?? 0)], shape: [1])]
        }
        return Gradients(inputs: [result], parameters: parameters ?? [:])
    }

    /// The gradient of what is learned.
    public func gradient(_ sums: StepRounding.Sums, learned value: Float) -> Float {
        switch learned {
        case .nothing: 0
        case .step(let scale): Float(scale * (sums.inside + sums.outside))
        case .limit(let decay): Float(sums.outside / Double(range.upperBound) + decay * Double(value))
        }
    }
}

/// Numbers as multiples of a step, s · clamp(round(x / s), low, high), and what comes back through that.
public struct StepRounding: Sendable, Equatable {
    public var step: Float
    public var low: Float
    public var high: Float

    /// - Parameter range: of the integers.
    public init(step: Float, range: ClosedRange<Int>) {
        (self.step, low, high) = (step, Float(range.lowerBound), Float(range.upperBound))
    }

    public func round(_ numbers: UnsafeBufferPointer<Float>, into result: UnsafeMutableBufferPointer<Float>) {
        for index in numbers.indices { result[index] = step * steps(numbers[index]) }
    }

    /// The integer of a number.
    public func integer(_ number: Float) -> Int {
        let steps = steps(number)
        return steps.isNaN ? 0 : Int(steps)
    }

    private func steps(_ number: Float) -> Float {
        min(max(number / step, low), high).rounded(.toNearestOrEven)
    }

    /// Sums over all numbers, from which the gradient of the step follows.
    public struct Sums: Sendable {
        /// Of dy · (round(x / s) - x / s), within the range.
        public var inside = 0.0
        /// Of dy · low or high, beyond it.
        public var outside = 0.0

        public init() {}
    }

    /// - Parameter gradient: that of the rounded numbers; that of the numbers takes its place.
    public func takeBack(
        _ numbers: UnsafeBufferPointer<Float>, gradient: UnsafeMutableBufferPointer<Float>
    ) -> Sums {
        var sums = Sums()
        for index in numbers.indices {
            let steps = numbers[index] / step
            if steps >= low && steps <= high {
                sums.inside += Double(gradient[index] * (steps.rounded(.toNearestOrEven) - steps))
            } else {
                sums.outside += Double(gradient[index] * (steps > high ? high : low))
                gradient[index] = 0
            }
        }
        return sums
    }
}
