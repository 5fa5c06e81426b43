import TesseraCore
import TesseraOperators

/// Layers whose weights are stored as integers.
extension LayerExport {
    /// The weight of a layer as numbers that a node makes of its integers; nil for one that is stored as numbers.
    func integerWeight() throws -> String? {
        guard let op = node.op as? any IntegerWeights, op.weightBits > 0 else { return nil }
        guard let x = facts(), let stored = storedParameter("weight"), let scale = storedParameter("weight_scale")
        else {
            throw TesseraError(
                .notSupported, "weights of integers for an input whose shape is not known", path: node.name)
        }
        var real = op
        real.weightBits = 0
        let shape = try real.parameters(for: [x.shape]).first { $0.name == "weight" }?.shape ?? []
        let integers = weight("weight", as: try op.integerWeight(["weight": stored], shape: shape))
        let zeros = try Tensor(zeros: scale.shape, elementType: .i8)
        return step(
            "weight", "DequantizeLinear",
            [integers, weight("weight_scale", as: scale), constant("weight_zero_point", zeros)], ["axis": .int(0)])
    }

    /// A layer of products with its bias: that of a layer on integers in steps of its sums, which is what others compute it in. Where it is no
    /// multiple of these steps, which are coarse if integers have few bits, it is added afterwards: elsewhere it would be rounded to one.
    ///
    /// - Parameter shape: that of the bias as a summand.
    func emitProduct(
        _ kind: String, _ inputs: [String?], _ attributes: [String: ExportAttribute], biasShape shape: (Int) -> Shape
    ) throws {
        guard let bias = try integerBias() else {
            guard let bias = coarseBias() else {
                return emit(kind, inputs + [try parameter("bias")], attributes)
            }
            let summand = constant("summand", try bias.reshaped(to: shape(bias.elementCount)))
            return emit("Add", [step("product", kind, inputs, attributes), summand])
        }
        emit(kind, inputs + [bias], attributes)
    }

    /// The bias of a layer on integers.
    private func coarseBias() -> Tensor? {
        guard let op = node.op as? any IntegerWeights, op.weightBits > 0 else { return nil }
        return storedParameter("bias")
    }

    /// The bias of a layer on integers as integers; nil for other layers, and where it is no multiple of the steps of its sums.
    private func integerBias() throws -> String? {
        guard let op = node.op as? any IntegerWeights, op.weightBits > 0,
            let input = (producer(of: node.inputs[0])?.op as? Dequantize)?.scale,
            let bias = try storedParameter("bias")?.floats(), let scales = try storedParameter("weight_scale")?.floats()
        else { return nil }
        let steps = scales.map { $0 * Float(input) }
        let multiples = zip(bias, steps).map { Double($0) / Double($1) }
        let integers = multiples.map { $0.rounded(.toNearestOrEven) }
        let limit = Double(Int32.max)
        // A bias of f32 is a multiple as far as its own rounding goes.
        guard integers.allSatisfy({ $0.magnitude < limit }),
            zip(multiples, integers).allSatisfy({ abs($0 - $1) < max(1e-3, 1e-6 * $1.magnitude) })
        else { return nil }
        let values = weight(
            "bias", as: try Tensor(integers: integers.map { Int64($0) }, shape: [bias.count], elementType: .i32))
        let scale = constant("bias_scale", try Tensor(steps, shape: [steps.count]))
        let zeros = constant("bias_zero_point", try Tensor(zeros: [steps.count], elementType: .i32))
        return step("bias", "DequantizeLinear", [values, scale, zeros], ["axis": .int(0)])
    }
}
