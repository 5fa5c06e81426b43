import Tessera

extension ScriptTensor {
    static var reductions: [Binding] {
        [
            reduction("sum", "The sum of all elements, or of those along an axis."),
            reduction("mean", "The mean of all elements, or of those along an axis."),
            reduction("max", "The largest of all elements, or of those along an axis."),
            reduction("min", "The smallest of all elements, or of those along an axis."),
            Binding(
                of: ScriptTensor.self, "argmax", "argmax(axis?: integer) -> integer|Tensor",
                "The position, counted from 1, of the largest of all elements, or of those along an axis, which is gone from the result; "
                    + "of equal ones the first. What is no number counts as the largest.",
                example: """
                    assert(tessera.tensor{values = {1, 5, 5, 2}}:argmax() == 2)
                    local rows = tessera.tensor{values = {{1, 9}, {3, 2}}}:argmax(2)
                    assert(rows[1] == 2 and rows[2] == 1)
                    """
            ) { tensor, call in
                try call.expectArguments(atMost: 1)
                if let axis = try tensor.axis(call) {
                    let found = try locatingErrors(path: call.name) {
                        // The elements and their places as numbers of 64 bits, a few times.
                        try call.limits.check(
                            bytes: Shape.saturatingProduct(tensor.tensor.elementCount, 40),
                            for: "looking for the largest of \(tensor.tensor.shape)")
                        return try ArgMax(axis: axis, keepAxis: false).forward([tensor.tensor], parameters: [:])[0]
                    }
                    let positions = try Tensor(
                        integers: found.integers().map { $0 + 1 }, shape: found.shape, elementType: .i64)
                    return [try value(positions)]
                }
                let position =
                    tensor.hasIntegers
                    ? tensor.positionOfLargestInteger
                    : try tensor.f32.withFloats { floats in
                        floats.firstIndex(where: \.isNaN) ?? floats.max().flatMap(floats.firstIndex)
                    }
                guard let position else {
                    throw TesseraError(.shapeMismatch, "expected elements, got none", path: call.name)
                }
                return [.integer(position + 1)]
            },
            Binding(
                of: ScriptTensor.self, "map", "map(change: (fun(element: number): number)) -> Tensor",
                "The tensor of what a function gives for every element.",
                example: """
                    local halved = tessera.tensor{values = {2, 4}}:map(function(x) return x / 2 end)
                    assert(halved == tessera.tensor{values = {1, 2}})
                    """
            ) { tensor, call in
                try call.expectArguments(atMost: 1)
                let function = try call.function(1, "change")
                try call.limits.check(
                    bytes: Shape.saturatingProduct(tensor.tensor.elementCount, 4),
                    for: "a tensor of \(tensor.tensor.shape)")
                var result = try Tensor(zeros: tensor.tensor.shape)
                let floats = try tensor.f32.floats()
                try result.withMutableFloats { result in
                    for (index, float) in floats.enumerated() {
                        let value = try function.call([.number(Double(float))]).first ?? .nil
                        result[index] = Float(
                            try locatingErrors(path: "\(call.name): the function's result") {
                                try value.requireNumber()
                            })
                    }
                }
                return [.object(ScriptTensor(result))]
            },
        ]
    }

    private var positionOfLargestInteger: Int? {
        let integers = tensor.integers()
        return integers.max().flatMap(integers.firstIndex)
    }

    private static func reduction(_ name: String, _ summary: String) -> Binding {
        Binding(
            of: ScriptTensor.self, name, "\(name)(axis?: integer) -> number|Tensor",
            summary + " Axes count from 1; that one is gone from the result.",
            example: """
                local t = tessera.tensor{values = {{1, 2}, {3, 6}}}
                assert(t:\(name)() == \(["sum": "12", "mean": "3", "max": "6", "min": "1"][name] ?? ""))
                assert(t:\(name)(1) == tessera.tensor{values = {\(["sum": "4, 8", "mean": "2, 4", "max": "3, 6", "min": "1, 2"][name] ?? "")}})
                """
        ) { tensor, call in
            try call.expectArguments(atMost: 1)
            let axes = try tensor.axis(call).map { [$0] } ?? Array(0..<tensor.tensor.shape.rank)
            let reduce = Reduce(Reduce.Function(rawValue: name) ?? .sum, axes: axes, keepAxes: false)
            let result = try locatingErrors(path: call.name) {
                // A mean has fractions.
                let operand = tensor.hasIntegers && name != "mean" ? tensor.tensor : try tensor.f32
                // Also checks what has no elements to bring together.
                let shape = try reduce.outputShapes(for: [operand.shape])[0]
                try call.limits.check(
                    bytes: Shape.saturatingProduct(shape.elementCount, operand.elementType.byteCount),
                    for: "a tensor of \(shape)")
                return try value(reduce.forward([operand], parameters: [:])[0])
            }
            return [result]
        }
    }

    /// The only argument of a reduction, an axis, counted from 0; nil if there is none.
    private func axis(_ call: ScriptCall) throws -> Int? {
        if call[1].isNil { return nil }
        return try axis(call, 1) - 1
    }

    /// An argument that is an axis, counted from 1.
    func axis(_ call: ScriptCall, _ position: Int) throws -> Int {
        let (axis, rank) = (try call.integer(position, "axis"), tensor.shape.rank)
        guard axis >= 1, axis <= rank else {
            throw TesseraError(
                .invalidArgument, "expected an axis from 1 to \(rank), got \(axis)", path: call.name)
        }
        return axis
    }
}
