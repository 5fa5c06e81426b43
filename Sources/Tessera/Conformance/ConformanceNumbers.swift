import TesseraCore
import TesseraNetwork

/// Numbers from -1 to 1 that a seed repeats, for inputs and weights of checks.
struct ConformanceNumbers {
    private var numbers: SplitMix64

    init(seed: UInt64) { numbers = SplitMix64(seed: Int(truncatingIfNeeded: seed), name: "conformance") }

    mutating func next() -> Float { 2 * numbers.uniform() - 1 }

    mutating func tensor(_ shape: Shape) throws -> Tensor {
        try Tensor((0..<shape.elementCount).map { _ in next() }, shape: shape)
    }
}

extension BoundGraph {
    /// Inputs of the graph's shapes.
    func randomInputs(seed: UInt64) throws -> [String: Tensor] {
        var numbers = ConformanceNumbers(seed: seed)
        var inputs: [String: Tensor] = [:]
        for input in graph.inputs { inputs[input.name] = try numbers.tensor(shapes[input.value]) }
        return inputs
    }
}
