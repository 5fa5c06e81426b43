import TesseraCore

/// dL/da = dL/dy · bᵀ and dL/db = aᵀ · dL/dy; over axes that were repeated they are summed.
extension Matmul: DifferentiableOperator {
    public func backward(_ pass: BackwardPass) throws -> Gradients {
        let (first, second) = (pass.inputs[0], pass.inputs[1])
        let product = try MatrixProduct(first.shape, second.shape)
        let (a, b, gradient) = (first.reals(), second.reals(), pass.outputGradients[0].reals())
        var aGradient = [Double](repeating: 0, count: a.count)
        var bGradient = [Double](repeating: 0, count: b.count)
        let (rows, inner, columns) = (product.rows, product.inner, product.columns)
        let offsets = zip(
            product.aBatch.broadcastOffsets(in: product.batch), product.bBatch.broadcastOffsets(in: product.batch))
        for (batch, (aOffset, bOffset)) in offsets.enumerated() {
            for row in 0..<rows {
                for k in 0..<inner {
                    let i = (aOffset * rows + row) * inner + k
                    for column in 0..<columns {
                        let j = (bOffset * inner + k) * columns + column
                        let value = gradient[(batch * rows + row) * columns + column]
                        aGradient[i] += value * b[j]
                        bGradient[j] += value * a[i]
                    }
                }
            }
        }
        return Gradients(inputs: [
            try Tensor(reals: aGradient, shape: first.shape, elementType: first.elementType),
            try Tensor(reals: bGradient, shape: second.shape, elementType: second.elementType),
        ])
    }
}
