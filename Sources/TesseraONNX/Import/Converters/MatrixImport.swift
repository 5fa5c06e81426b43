import TesseraCore

/// Matrix products.
enum MatrixImport {
    static let converters: [String: NodeConverter] = ["MatMul": matMul, "Gemm": gemm]

    /// A product with a constant matrix is a linear layer.
    private static func matMul(_ node: NodeImport) throws -> [Operand] {
        let (a, b) = (try node.input(0), try node.input(1))
        let type = a.facts.type ?? b.facts.type
        if let sizes = b.facts.dimensions, sizes.count == 2, b.facts.isConstant, type == .f32, a.rank != 1 {
            return [try linear(a, transposed: b, bias: nil, node: node)]
        }
        return [try product(a, b, node: node)]
    }

    static func product(_ a: Operand, _ b: Operand, node: NodeImport, as suffix: String? = nil) throws -> Operand {
        let ranks = [a.rank, b.rank].compactMap { $0 }
        let rank = ranks.count == 2 && ranks.min() ?? 0 >= 2 ? ranks.max() : nil
        return try node.emit("matmul", [:], [a, b], as: suffix, facts: .type(a.facts.type, rank: rank))
    }

    private static func gemm(_ node: NodeImport) throws -> [Operand] {
        var (a, b) = (try node.input(0), try node.input(1))
        let c = node.optionalInput(2)
        let (alpha, beta) = (node.number("alpha", default: 1), node.number("beta", default: 1))
        let (transposesA, transposesB) = (node.flag("transA"), node.flag("transB"))
        let isPlain = alpha == 1 && (beta == 1 || c == nil) && !transposesA && a.facts.type ?? .f32 == .f32
        if isPlain, b.facts.isConstant, let sizes = b.facts.shape, sizes.count == 2,
            let bias = bias(c, features: sizes[transposesB ? 0 : 1])
        {
            return [
                transposesB
                    ? try linear(a, weight: b, bias: bias.operand, node: node)
                    : try linear(a, transposed: b, bias: bias.operand, node: node)
            ]
        }
        if transposesA { a = try ReshapingImport.transpose(a, order: [1, 0], node: node, as: "a") }
        if transposesB { b = try ReshapingImport.transpose(b, order: [1, 0], node: node, as: "b") }
        var result = try product(a, b, node: node, as: alpha == 1 && c == nil ? nil : "product")
        if alpha != 1 {
            result = try scaled(result, by: alpha, type: a.type, node: node, as: c == nil ? nil : "scaled")
        }
        guard var c else { return [result] }
        if beta != 1 { c = try scaled(c, by: beta, type: a.type, node: node, as: "scaled_bias") }
        return [try node.emit("add", [:], [result, c], facts: .type(a.facts.type, rank: 2))]
    }

    private static func scaled(
        _ x: Operand, by factor: Float, type: ElementType, node: NodeImport, as suffix: String?
    ) throws -> Operand {
        let factor = try node.constant(factor.readable, type: type)
        return try node.emit("multiply", [:], [x, factor], as: suffix, facts: x.facts)
    }

    /// What is added as the bias of a linear layer of that many features; nil if it cannot be one.
    private static func bias(_ c: Operand?, features: Int) -> (operand: Operand?, Void)? {
        guard let c else { return (nil, ()) }
        guard c.facts.isConstant, let sizes = c.facts.shape else { return nil }
        if sizes == [features] { return (c, ()) }
        guard sizes == [1, features], let row = c.constant?.reshaped(to: [features]) else { return nil }
        return (.constant(row), ())
    }

    /// - Parameter matrix: [inputs, features].
    private static func linear(_ x: Operand, transposed matrix: Operand, bias: Operand?, node: NodeImport) throws
        -> Operand
    {
        let weight = try ReshapingImport.transpose(matrix, order: [1, 0], node: node, as: "weight")
        return try linear(x, weight: weight, bias: bias, node: node)
    }

    /// - Parameter weight: [features, inputs].
    private static func linear(_ x: Operand, weight: Operand, bias: Operand?, node: NodeImport) throws -> Operand {
        var keys = Keys()
        let features = weight.facts.dimensions?.first ?? nil
        keys.set("features", features.map(Configuration.int))
        keys.set("bias", .flag(bias != nil), unless: .flag(true))
        var facts = ValueFacts.type(x.facts.type, dimensions: x.facts.dimensions)
        if let rank = x.rank, rank > 0 { facts.dimensions?[rank - 1] = features }
        return try node.emit(
            "linear", keys, slots: [.data("x", x), .parameter("weight", weight), .parameter("bias", bias)],
            facts: facts)
    }
}
