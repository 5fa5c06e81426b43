import TesseraCore

/// An operator whose outputs hold copies of elements of its inputs, or constants. What comes back for a copy is added to where
/// it was copied from.
protocol CopyingOperator: DifferentiableOperator {
    /// The same operator, with -1 for constants.
    var marked: any Operator { get }
}

extension CopyingOperator {
    var marked: any Operator { self }

    public func backward(_ pass: BackwardPass) throws -> Gradients {
        try Gradients.ofCopies(by: marked, pass)
    }
}

extension Gradients {
    /// The gradients of an operator that copies: it is run on the numbers of the elements, which tells where each one went.
    static func ofCopies(by op: any Operator, _ pass: BackwardPass) throws -> Gradients {
        var count = 0
        let numbers = try pass.inputs.map { input in
            defer { count += input.elementCount }
            let range = (count..<count + input.elementCount).map(Int64.init)
            return try Tensor(integers: range, shape: input.shape)
        }
        var sums = [Double](repeating: 0, count: count)
        for (sources, gradient) in zip(try op.forward(numbers, parameters: [:]), pass.outputGradients) {
            for (source, value) in zip(sources.integers(), gradient.reals()) where source >= 0 {
                sums[Int(source)] += value
            }
        }
        var rest = sums[...]
        return Gradients(
            inputs: try pass.inputs.map { input in
                defer { rest = rest.dropFirst(input.elementCount) }
                return try Tensor(
                    reals: Array(rest.prefix(input.elementCount)), shape: input.shape, elementType: input.elementType)
            })
    }
}
