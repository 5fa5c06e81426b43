import TesseraCore

/// The mean of the inputs, element by element.
public struct Average: Broadcasting, DifferentiableOperator, Equatable {
    public static let name = "average"
    public static let summary = "Mean of the inputs"
    public static let keys: [Key<Average>] = []

    public init() {}

    public static var inputNames: [String] { ["a", "b"] }
    public var inputCount: ClosedRange<Int> { 1...Int.max }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let shape = try Shape(broadcasting: inputs.map(\.shape))
        var sums = [Double](repeating: 0, count: shape.elementCount)
        for input in inputs {
            for (offset, x) in try input.broadcast(to: shape).reals().enumerated() { sums[offset] += x }
        }
        let means = sums.map { $0 / Double(inputs.count) }
        return [try Tensor(reals: means, shape: shape, elementType: inputs[0].elementType)]
    }

    public func backward(_ pass: BackwardPass) throws -> Gradients {
        let gradient = pass.outputGradients[0].reals().map { $0 / Double(pass.inputs.count) }
        return Gradients(inputs: try pass.inputs.map { try $0.summed(gradient, from: pass.outputGradients[0].shape) })
    }
}
