import TesseraCore

extension ControlInputs {
    /// The operator over what was not taken, or its first input itself, where `doesNothing` finds that so from the shapes of
    /// that input and of the result.
    func eliding<Moving: Operator>(
        _ op: Moving, where doesNothing: (_ input: Shape, _ output: Shape) throws -> Bool
    ) throws -> Resolution {
        let resolution = try resolution(op)
        guard case .layer(_, let inputs, _) = resolution, let first = inputs.first else { return resolution }
        let input = given(first).shape
        return try doesNothing(input, op.outputShapes(for: [input])[0]) ? .input(first) : resolution
    }
}
