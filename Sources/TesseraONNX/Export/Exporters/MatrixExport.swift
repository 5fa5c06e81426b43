import TesseraCore

/// Matrix products.
enum MatrixExport {
    static let exporters: [String: LayerExporter] = [
        "matmul": { $0.emit("MatMul", $0.inputs) }, "linear": linear,
    ]

    /// Gemm for matrices, else a product with the transposed weight.
    private static func linear(_ layer: LayerExport) throws {
        let x = try layer.input()
        let weight = try layer.integerWeight() ?? layer.parameter("weight")
        if try layer.rank() == 2 {
            return try layer.emitProduct("Gemm", [x, weight], ["transB": 1]) { [1, $0] }
        }
        let bias = try layer.parameter("bias")
        let matrix = layer.step("transposed", "Transpose", [weight], ["perm": .ints([1, 0])])
        guard let bias else { return layer.emit("MatMul", [x, matrix]) }
        layer.emit("Add", [layer.step("product", "MatMul", [x, matrix]), bias])
    }
}
