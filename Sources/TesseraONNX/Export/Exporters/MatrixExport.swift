import TesseraCore

/// Matrix products.
enum MatrixExport {
    static let exporters: [String: LayerExporter] = [
        "matmul": { $0.emit("MatMul", $0.inputs) }, "linear": linear,
    ]

    /// Gemm for matrices, else a product with the transposed weight.
    private static func linear(_ layer: LayerExport) throws {
        let x = try layer.input()
        let (weight, bias) = (try layer.integerWeight() ?? layer.parameter("weight"), try layer.integerBias())
        if try layer.rank() == 2 { return layer.emit("Gemm", [x, weight, bias], ["transB": 1]) }
        let matrix = layer.step("transposed", "Transpose", [weight], ["perm": .ints([1, 0])])
        guard let bias else { return layer.emit("MatMul", [x, matrix]) }
        layer.emit("Add", [layer.step("product", "MatMul", [x, matrix]), bias])
    }
}
