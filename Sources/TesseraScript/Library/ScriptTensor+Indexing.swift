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
            let (bounds, sizes) = try tensor.region(call[1])
            return [try value(tensor.tensor.cropped(to: bounds).reshaped(to: Shape(sizes)))]
        }
    }

    static var with: Binding {
        Binding(
            of: ScriptTensor.self, "with", "with(index: integer|table, part: number|Tensor) -> Tensor",
            "A copy in which a part, named as in `tensor[index]`, is another: a number everywhere, or a tensor of that part's shape.",
            example: """
                local t = tessera.tensor{values = {{1, 2, 3}, {4, 5, 6}}}
                assert(t:with({{}, {2, 3}}, 0) == tessera.tensor{values = {{1, 0, 0}, {4, 0, 0}}})
                assert(t:with(1, t[2])[1] == t[2])
                """
        ) { tensor, call in
            try call.expectArguments(atMost: 2)
            let region = try locatingErrors(path: call.name) { try tensor.region(call[1]) }
            return try locatingErrors(path: "\(call.name): argument 2 (part)") {
                // A number becomes a list of 64 bits, and that the part.
                let part = Shape.saturatingProduct(region.bounds.shape.elementCount, 16)
                try call.limits.check(
                    bytes: Shape.saturatingSum(tensor.tensor.byteCount, part), for: "a tensor of \(tensor.tensor.shape)"
                )
                let filler = try tensor.filler(call[2], shape: Shape(region.sizes), of: region.bounds)
                var result = tensor.tensor
                try result.paste(filler, at: region.bounds)
                return [.object(ScriptTensor(result))]
            }
        }
    }

    /// What stands in a part: a number everywhere, or a tensor of its shape.
    private func filler(_ value: ScriptValue, shape: Shape, of bounds: Region) throws -> Tensor {
        let type = tensor.elementType
        if case .object(let object) = value, let other = object as? ScriptTensor {
            guard other.tensor.shape == shape else {
                throw TesseraError(.shapeMismatch, "expected a tensor of \(shape), got \(other.tensor.shape)")
            }
            guard other.tensor.elementType == type else {
                throw TesseraError(.invalidArgument, "expected a tensor of \(type), got \(other.tensor.elementType)")
            }
            return try other.tensor.reshaped(to: bounds.shape)
        }
        if hasIntegers {
            let number = Int64(try value.requireInteger())
            guard try Tensor(integers: [number], shape: [1], elementType: type).integers() == [number] else {
                throw TesseraError(.invalidArgument, "expected a number that \(type) holds, got \(number)")
            }
            return try Tensor(
                integers: Array(repeating: number, count: shape.elementCount), shape: bounds.shape, elementType: type)
        }
        let number = try value.requireNumber()
        return try Tensor(
            reals: Array(repeating: number, count: shape.elementCount), shape: bounds.shape, elementType: type)
    }

    /// What an index names: the region, and the sizes that are left of it without the axes of single positions.
    private func region(_ index: ScriptValue) throws -> (bounds: Region, sizes: [Int]) {
        var indices = [index]
        if case .table = index { indices = try index.requireArray() }
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
                            .invalidArgument,
                            "expected a position from 1 to \(shape[axis]) in a tensor of \(shape), got \(position)")
                    }
                    ranges[axis] = (position - 1)..<position
                    kept[axis] = false
                }
                guard ranges[axis].upperBound <= shape[axis], !ranges[axis].isEmpty else {
                    let found = kept[axis] ? ScriptValue(range: ranges[axis]) : .integer(ranges[axis].upperBound)
                    throw TesseraError(
                        .invalidArgument,
                        "expected positions from 1 to \(shape[axis]) in a tensor of \(shape), got \(found)")
                }
            }
        }
        return (Region(ranges), zip(ranges, kept).filter(\.1).map(\.0.count))
    }
}
