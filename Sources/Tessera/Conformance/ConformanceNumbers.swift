import TesseraCore

/// Numbers that a seed repeats (SplitMix64, Steele, Lea and Flood 2014), for inputs and weights of checks.
struct ConformanceNumbers {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// A number from -1 to 1.
    mutating func next() -> Float {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return Float(Int64(bitPattern: z ^ (z >> 31)) >> 40) / Float(1 << 23)
    }

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
