import TesseraCore
import TesseraOperators
import Testing

/// The gradients of an operator against central finite differences, in binary64: for every input and every parameter, the slope
/// of a random weighted sum of the outputs along random directions.
///
/// A direction moves all elements at once, so an error in any of them shows. The steps are so small that almost none of them
/// crosses a kink.
struct GradientCheck {
    let op: any DifferentiableOperator
    let inputs: [Tensor]
    let parameters: [String: Tensor]
    /// Parameters without a gradient: running statistics.
    var fixed: Set<String> = ["running_mean", "running_var"]
    /// Inputs without a gradient.
    var fixedInputs: Set<Int> = []

    static let step = 1e-6
    static let tolerance = 1e-4

    /// - Throws: what the operator throws.
    /// - Returns: what differs, in words.
    func differences(using generator: inout SeededGenerator) throws -> [String] {
        var wide = try inputs.map { try $0.widened() }
        let wideParameters = try parameters.mapValues { try $0.widened() }
        var outputs = try op.forward(wide, parameters: wideParameters)
        if outputs.contains(where: { $0.reals().contains { !$0.isFinite } }) {
            // Roots and logarithms want positive numbers.
            wide = try wide.map { try $0.mapped { abs($0) + 0.5 } }
            outputs = try op.forward(wide, parameters: wideParameters)
        }
        // Only the first output trains where others are statistics.
        let weights = try outputs.enumerated().map { index, output in
            index == 0 || op is any LinearOutputs ? try Tensor.directions(output.shape, &generator) : try output.zeros()
        }
        let gradients = try op.backward(
            BackwardPass(inputs: wide, parameters: wideParameters, outputs: outputs, outputGradients: weights))
        func loss(_ inputs: [Tensor], _ parameters: [String: Tensor]) throws -> Double {
            try zip(op.forward(inputs, parameters: parameters), weights).reduce(0) { $0 + $1.0.dot($1.1) }
        }
        var problems: [String] = []
        func compare(_ name: String, _ x: Tensor, _ gradient: Tensor?, _ value: (Tensor) throws -> Double) throws {
            guard let gradient, gradient.shape == x.shape else {
                problems.append(
                    "\(name): expected a gradient of \(x.shape), found \(gradient.map { "\($0.shape)" } ?? "none")")
                return
            }
            for _ in 0..<2 {
                let direction = try Tensor.directions(x.shape, &generator)
                let ahead = try value(x.moved(by: Self.step, along: direction))
                let behind = try value(x.moved(by: -Self.step, along: direction))
                let slope = (ahead - behind) / (2 * Self.step)
                let expected = gradient.dot(direction)
                let scale = max(gradient.dot(gradient).squareRoot(), 1e-3)
                if !(abs(slope - expected) <= Self.tolerance * max(scale, abs(slope))) {
                    problems.append("\(name): finite differences give \(slope), the gradient gives \(expected)")
                }
            }
        }
        for index in inputs.indices where !fixedInputs.contains(index) {
            try compare("input \(index)", wide[index], gradients.inputs[index]) {
                var moved = wide
                moved[index] = $0
                return try loss(moved, wideParameters)
            }
        }
        for (name, parameter) in wideParameters.sorted(by: { $0.key < $1.key }) where !fixed.contains(name) {
            try compare(name, parameter, gradients.parameters[name]) {
                try loss(wide, wideParameters.merging([name: $0]) { $1 })
            }
        }
        return problems
    }
}

/// Operators of several outputs that all have a gradient.
private protocol LinearOutputs {}
extension Split: LinearOutputs {}

extension Tensor {
    fileprivate func widened() throws -> Tensor {
        elementType == .f32 ? try Tensor(reals: reals(), shape: shape, elementType: .f64) : self
    }

    fileprivate func mapped(_ transform: (Double) -> Double) throws -> Tensor {
        try Tensor(reals: reals().map(transform), shape: shape, elementType: elementType)
    }

    fileprivate func zeros() throws -> Tensor { try Tensor(zeros: shape, elementType: elementType) }

    fileprivate static func directions(_ shape: Shape, _ generator: inout SeededGenerator) throws -> Tensor {
        let values = (0..<shape.elementCount).map { _ in Double.random(in: -1...1, using: &generator) }
        return try Tensor(reals: values, shape: shape, elementType: .f64)
    }

    fileprivate func moved(by step: Double, along direction: Tensor) throws -> Tensor {
        try Tensor(
            reals: zip(reals(), direction.reals()).map { $0 + step * $1 }, shape: shape, elementType: elementType)
    }

    fileprivate func dot(_ other: Tensor) -> Double { zip(reals(), other.reals()).reduce(0) { $0 + $1.0 * $1.1 } }
}

extension OperatorCase {
    /// Elements of the inputs and multiplications up to which gradients are checked, which takes seconds beyond.
    private static let largestInput = 8_000
    private static let mostProducts = 300_000

    /// Compares the gradients with finite differences, if the operator has some and its inputs are real numbers.
    func checkGradient(
        _ op: any Operator, _ tensors: [Tensor], _ parameters: [String: Tensor], using generator: inout SeededGenerator
    ) throws {
        guard let op = op as? any DifferentiableOperator, tensors.allSatisfy({ $0.elementType == .f32 }),
            tensors.map(\.elementCount).reduce(0, +) <= Self.largestInput
        else { return }
        let shapes = tensors.map(\.shape)
        let outputs = try op.outputShapes(for: shapes)
        guard outputs.allSatisfy({ $0.elementCount <= Self.largestInput }),
            op.multiplyAccumulates(inputs: shapes, outputs: outputs) <= Self.mostProducts
        else { return }
        let check = GradientCheck(op: op, inputs: tensors, parameters: parameters)
        do {
            for problem in try check.differences(using: &generator) {
                Issue.record("gradient: \(problem): \(self)")
            }
        } catch let error as TesseraError where error.code == .notSupported {
            // Interpolation has no gradient yet, and says so by name.
            if op is Resize, error.message.contains("resize") { return }
            Issue.record("gradient: \(error): \(self)")
        }
    }
}
