import TesseraCore

/// Constants, and what follows from shapes.
enum ConstantImport {
    static let converters: [String: NodeConverter] = [
        "Constant": constant, "ConstantOfShape": fill, "Shape": shape, "Size": size, "Range": range,
    ]

    /// Elements up to which a tensor that is filled with one value is made at once.
    private static let eagerLimit = 1 << 12

    private static func constant(_ node: NodeImport) throws -> [Operand] {
        let name = node.proto.output.first ?? ""
        func made(_ tensor: Tensor) -> [Operand] { [.constant(Operand.Constant(name: name, tensor: tensor))] }
        if let tensor = try node.tensor("value") { return made(tensor) }
        if let value = node.number("value_float") {
            return made(try Tensor([value], shape: []))
        }
        if let values = node.numbers("value_floats") { return made(try Tensor(values, shape: [values.count])) }
        if let value = node.integer("value_int") { return made(try Tensor(integers: [Int64(value)], shape: [])) }
        if let values = node.integers("value_ints") {
            return made(try Tensor(integers: values.map(Int64.init), shape: [values.count]))
        }
        throw node.unsupported("a constant of strings or a sparse one")
    }

    private static func fill(_ node: NodeImport) throws -> [Operand] {
        let shape = try node.input(0)
        let value = try node.tensor("value") ?? Tensor([0], shape: [1])
        let operand = Operand.constant(Operand.Constant(name: "", tensor: value))
        guard let number = operand.number else {
            throw TesseraError(.malformedFile, "expected one value, found \(value.elementCount)")
        }
        let sizes = shape.integers
        guard let sizes, sizes.allSatisfy({ $0 >= 0 }), Shape(sizes).elementCount <= eagerLimit else {
            var keys = Keys()
            keys.set("shape", sizes.map(Configuration.ints))
            keys.set("value", .number(number), unless: .int(0))
            keys.set("type", .type(value.elementType), unless: .type(.f32))
            let facts = ValueFacts.type(value.elementType, dimensions: sizes)
            return [try node.emit("fill", keys, slots: [.data("shape", sizes == nil ? shape : nil)], facts: facts)]
        }
        var tensor = try Tensor(zeros: Shape(sizes), elementType: value.elementType)
        tensor.withUnsafeMutableBytes { bytes in
            value.withUnsafeBytes { element in
                for index in bytes.indices { bytes[index] = element[index % element.count] }
            }
        }
        return [.constant(Operand.Constant(name: node.proto.output.first ?? "", tensor: tensor))]
    }

    private static func shape(_ node: NodeImport) throws -> [Operand] {
        let x = try node.input(0)
        var keys = Keys()
        keys.set("start", .int(node.integer("start", default: 0)), unless: .int(0))
        let end = node.integer("end")
        keys.set("end", end.map(Configuration.int))
        return [try node.emit("shape", keys, [x], facts: .type(.i64, rank: 1))]
    }

    private static func size(_ node: NodeImport) throws -> [Operand] {
        [try node.emit("size", [:], [node.input(0)], facts: .type(.i64, rank: 0))]
    }

    /// The numbers stay inputs: their type is that of the result.
    private static func range(_ node: NodeImport) throws -> [Operand] {
        node.ignore("stash_type")
        let inputs = try (0..<3).map { try node.input($0) }
        return [try node.emit("range", [:], inputs, facts: .type(inputs[0].facts.type, rank: 1))]
    }
}
