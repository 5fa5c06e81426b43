import Tessera

extension ScriptTensor {
    /// The tensor that `tessera.tensor{…}` asks for.
    static func make(_ call: ScriptCall) throws -> Tensor {
        try call.expectArguments(atMost: 1)
        var options = try call.options()
        let shape = try options.take("shape") { try Shape(scriptValue: $0) }
        let fill = try options.number("fill")
        let seed = try options.integer("random")
        let normalSeed = try options.integer("normal")
        let values = try options.take("values") { try ScriptList($0) }
        try options.finish()
        guard [fill != nil, seed != nil, normalSeed != nil, values != nil].count(where: { $0 }) <= 1 else {
            throw TesseraError(
                .invalidArgument, "expected one of 'fill', 'values', 'random' and 'normal', got several",
                path: call.name)
        }
        if let values { return try Tensor(values.numbers, shape: shape ?? Shape(values.sizes)) }
        guard let shape else {
            throw TesseraError(.invalidArgument, "missing option 'shape' (the sizes)", path: call.name)
        }
        try call.limits.check(bytes: Shape.saturatingProduct(shape.elementCount, 4), for: "a tensor of \(shape)")
        var tensor = try Tensor(zeros: shape)
        if let fill, fill != 0 { try tensor.withMutableFloats { $0.update(repeating: Float(fill)) } }
        if let seed = seed ?? normalSeed {
            var random = SplitMix64(seed: seed, name: "tensor")
            try tensor.withMutableFloats { floats in
                for index in floats.indices {
                    floats[index] = normalSeed == nil ? random.uniform() : random.normal()
                }
            }
        }
        return tensor
    }
}

/// Numbers in a list, or in lists of lists that are all of the same length.
private struct ScriptList {
    var numbers: [Float] = []
    var sizes: [Int] = []

    init(_ value: ScriptValue) throws { sizes = try add(value) }

    /// Adds the numbers of a list and gives its sizes.
    private mutating func add(_ value: ScriptValue) throws -> [Int] {
        let elements = try value.requireArray()
        guard case .table? = elements.first else {
            guard !elements.isEmpty else {
                throw TesseraError(.shapeMismatch, "expected a list of at least one number, got an empty one")
            }
            numbers += try value.requireArray { Float(try $0.requireNumber()) }
            return [elements.count]
        }
        var inner: [Int]?
        for (index, element) in elements.enumerated() {
            inner = try locatingErrors(at: "[\(index + 1)]") {
                let sizes = try add(element)
                guard inner == nil || sizes == inner else {
                    throw TesseraError(
                        .shapeMismatch,
                        "expected a list of \(Shape(inner ?? [])) as before, got one of \(Shape(sizes))")
                }
                return sizes
            }
        }
        return [elements.count] + (inner ?? [])
    }
}
