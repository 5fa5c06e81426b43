import TesseraCore

/// Adds the layers that stand for a node and gives what its outputs are, in their order.
typealias NodeConverter = @Sendable (NodeImport) throws -> [Operand]

/// How each of ONNX's operators is converted.
enum NodeConverters {
    static let oldestOpset = 7
    static let newestOpset = 28

    /// Every operator that is known, by its name in ONNX. One entry for each family.
    static let all: [String: NodeConverter] = [
        ActivationImport.converters, ArithmeticImport.converters, ReductionImport.converters, SearchImport.converters,
        ReshapingImport.converters, SelectionImport.converters, PaddingImport.converters, ConstantImport.converters,
        ResizeImport.converters, ConvolutionImport.converters, PoolingImport.converters, MatrixImport.converters,
        NormalizationImport.converters, BatchNormalizationImport.converters, SoftmaxImport.converters,
        RecurrentImport.converters, QuantizationImport.converters, IntegerImport.converters,
    ].reduce(into: [:]) { $0.merge($1) { first, _ in first } }

    /// Operators that mean the same in opset 1 to 6 as in 7.
    private static let unchanged: Set<String> = [
        "Not", "Identity", "Transpose", "Relu", "Sigmoid", "Tanh", "Softplus", "Softsign", "Exp", "Log", "Sqrt", "Abs",
        "Neg", "Floor", "Ceil", "Reciprocal", "Shape", "Size", "GlobalAveragePool", "GlobalMaxPool", "Conv",
    ]

    /// - Throws: `notSupported` for an operator that is not known.
    static func converter(for node: ONNXNodeProto, opset: Int) throws -> NodeConverter {
        guard node.domain.isEmpty || node.domain == "ai.onnx" else {
            throw TesseraError(.notSupported, "operators of the domain '\(node.domain)'")
        }
        guard let converter = all[node.opType] else {
            throw TesseraError(.notSupported, "the operator '\(node.opType)'")
        }
        guard opset >= oldestOpset || unchanged.contains(node.opType) else {
            throw TesseraError(.notSupported, "opset \(opset); the oldest is \(oldestOpset)")
        }
        return converter
    }
}
