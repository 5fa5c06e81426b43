import TesseraCore

/// The nearest pixels are copies; interpolation does not train.
extension Resize: DifferentiableOperator {
    public func backward(_ pass: BackwardPass) throws -> Gradients {
        guard mode == .nearest else {
            throw TesseraError(.notSupported, "'resize' has a gradient in mode nearest only, found \(mode.rawValue)")
        }
        var op = self
        op.extrapolation = -1
        return try Gradients.ofCopies(by: op, pass)
    }
}
