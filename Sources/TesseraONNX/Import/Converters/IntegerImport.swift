import TesseraCore

/// Products of 8-bit integers with results of 32 bits.
enum IntegerImport {
    static let converters: [String: NodeConverter] = ["ConvInteger": convolution, "MatMulInteger": product]

    private static func convolution(_ node: NodeImport) throws -> [Operand] {
        let x = try centered(node.input(0), by: node.optionalInput(2), node: node, as: "x")
        let weight = try node.input(1)
        // One zero point for all, or one for each output channel.
        var zeroPoint = node.optionalInput(3)
        if let operand = zeroPoint, operand.rank == 1, operand.facts.shape != [1] {
            guard let rank = weight.rank else { throw node.unsupported("a weight of unknown rank") }
            let shape = Configuration.ints([-1] + [Int](repeating: 1, count: rank - 1))
            zeroPoint = try node.emit(
                "reshape", ["shape": shape], [operand], as: "weight_zero_points", facts: .type(operand.type, rank: rank)
            )
        }
        let centeredWeight = try centered(weight, by: zeroPoint, node: node, as: "weight")
        return [try ConvolutionImport.conv(x, weight: centeredWeight, bias: nil, node: node)]
    }

    private static func product(_ node: NodeImport) throws -> [Operand] {
        // Zero points of a are by row.
        var zeroPoint = node.optionalInput(2)
        if let operand = zeroPoint, operand.rank == 1, operand.facts.shape != [1] {
            zeroPoint = try ReshapingImport.unsqueeze(operand, axes: [1], node: node, as: "a_zero_points")
        }
        let a = try centered(node.input(0), by: zeroPoint, node: node, as: "a")
        let b = try centered(node.input(1), by: node.optionalInput(3), node: node, as: "b")
        return [try MatrixImport.product(a, b, node: node)]
    }

    private static func centered(
        _ x: Operand, by zeroPoint: Operand?, node: NodeImport, as name: String
    ) throws -> Operand {
        let wide = try ArithmeticImport.cast(x, to: .i32, node: node, as: "\(name)_integers")
        guard let zeroPoint, zeroPoint.number != 0 else { return wide }
        let zero = try ArithmeticImport.cast(zeroPoint, to: .i32, node: node, as: "\(name)_zero_point")
        return try node.emit("subtract", [:], [wide, zero], as: "\(name)_centered", facts: wide.facts)
    }
}
