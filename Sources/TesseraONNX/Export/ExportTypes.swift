import TesseraCore

/// What ONNX's operators of opset 21 take for their first input, where that is not any type.
enum ExportTypes {
    /// Types that an operator takes, and the operators.
    private static let groups: [(types: Set<ElementType>, operators: String)] = [
        (numbers, "Abs Sign Clip Add Sub Mul Div Greater Less GreaterOrEqual LessOrEqual Min Max ArgMax ArgMin"),
        (
            floats,
            """
            Sigmoid Tanh Exp Log Sqrt Reciprocal Floor Ceil Erf LeakyRelu Gelu Mean Sum BatchNormalization \
            GroupNormalization LayerNormalization LRN Softmax LogSoftmax
            """
        ),
        (
            commonFloats,
            """
            HardSwish Softplus Softsign Mish Round Elu Selu HardSigmoid ThresholdedRelu Conv ConvTranspose \
            InstanceNormalization AveragePool GlobalAveragePool GlobalMaxPool LSTM GRU RNN
            """
        ),
        (
            floats.union([.i32, .i64, .u32, .u64]),
            """
            PRelu MatMul Gemm CumSum ReduceMean ReduceSum ReduceProd ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSum \
            ReduceLogSumExp
            """
        ),
        (floats.union([.i32, .i64, .u32, .u64, .i8, .u8, .bool]), "ReduceMax ReduceMin"),
        (floats.union([.i8, .i16, .i32, .i64]), "Relu Neg"),
        (floats.union([.i32, .i64]), "Pow"),
        (numbers.subtracting([.bf16]), "TopK"),
        (commonFloats.union([.i8, .u8]), "MaxPool"),
        ([.f32, .f64, .i16, .i32, .i64], "Range"),
        ([.f32, .f16, .bf16, .i32], "QuantizeLinear"),
        ([.u8, .i8, .u16, .i16, .i32], "DequantizeLinear"),
        ([.f32], "Celu NonMaxSuppression"),
        ([.bool], "Not And Or Xor"),
    ]

    private static let commonFloats: Set<ElementType> = [.f16, .f32, .f64]
    private static let floats = commonFloats.union([.bf16])
    private static let numbers = floats.union([.i8, .i16, .i32, .i64, .u8, .u16, .u32, .u64])

    private static let taken: [String: Set<ElementType>] = groups.reduce(into: [:]) { taken, group in
        for name in group.operators.split(separator: " ") { taken[String(name)] = group.types }
    }

    /// True if the operator takes a first input of the type.
    static func takes(_ type: ElementType, _ operatorType: String) -> Bool {
        taken[operatorType]?.contains(type) ?? true
    }

    /// The type of what a node on the way makes: usually that of its first input.
    static func result(
        of operatorType: String, inputs: [ElementType?], _ attributes: [String: ExportAttribute]
    ) -> ElementType? {
        switch operatorType {
        case "Cast":
            guard case .int(let number)? = attributes["to"] else { return nil }
            return try? ElementType(onnx: Int32(clamping: number))
        case "Shape": return .i64
        case "DequantizeLinear": return inputs.count > 1 ? inputs[1] : nil
        default: return inputs.first ?? nil
        }
    }
}
