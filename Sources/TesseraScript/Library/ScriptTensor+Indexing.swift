import Tessera

extension ScriptTensor {
    /// `tensor[2]`, `tensor[{2, {1, 3}}]`.
    static var element: Binding {
        Binding(
            of: ScriptTensor.self, "[]", "tensor[index: integer|table] -> Tensor|number",
            "A part of the tensor. An integer picks a position on the first axis, which is gone then; a list has for each of the first "
                + "axes a position, a range {first, last}, or {} for all of it. What is left without axes is a number.",
            example: """
                local t = tessera.tensor{values = {{1, 2, 3}, {4, 5, 6}}}
                assert(t[2] == tessera.tensor{values = {4, 5, 6}})
                assert(t[{2, 1}] == 4)
                assert(t[{{}, {2, 3}}] == tessera.tensor{values = {{2, 3}, {5, 6}}})
                """
        ) { tensor, call in
            var indices = [call[1]]
            if case .table = call[1] { indices = try call[1].requireArray() }
            return [try tensor.part(indices)]
        }
    }

    private func part(_ indices: [ScriptValue]) throws -> ScriptValue {
        let shape = tensor.shape
        guard indices.count <= shape.rank, !indices.isEmpty else {
            throw TesseraError(
                .invalidArgument, "expected 1 to \(shape.rank) indices into a tensor of \(shape), got \(indices.count)")
        }
        var ranges = shape.dimensions.map { 0..<$0 }
        var kept = Array(repeating: true, count: shape.rank)
        for (axis, index) in indices.enumerated() {
            try locatingErrors(path: "axis \(axis + 1)") {
                if case .table(let table) = index {
                    if table.isEmpty { return }
                    ranges[axis] = try Range(scriptValue: index)
                } else {
                    let position = try index.requireInteger()
                    guard position >= 1 else {
                        throw TesseraError(
                            .invalidArgument, "expected a position from 1 to \(shape[axis]), got \(position)")
                    }
                    ranges[axis] = (position - 1)..<position
                    kept[axis] = false
                }
                guard ranges[axis].upperBound <= shape[axis], !ranges[axis].isEmpty else {
                    throw TesseraError(
                        .invalidArgument,
                        "expected positions from 1 to \(shape[axis]), got \(ScriptValue(range: ranges[axis]))")
                }
            }
        }
        let part = try tensor.cropped(to: Region(ranges))
        let sizes = zip(part.shape.dimensions, kept).filter(\.1).map(\.0)
        if sizes.isEmpty { return try ScriptTensor(part).element(at: 0) }
        return .object(ScriptTensor(try part.reshaped(to: Shape(sizes))))
    }
}
