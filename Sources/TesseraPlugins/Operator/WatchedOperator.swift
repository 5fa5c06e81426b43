import TesseraCore

/// An operator that can be watched at its work, since its code may write where it must not.
package protocol WatchedOperator: Operator {
    /// Does the work of `forward` on memory of which every write is noticed.
    ///
    /// - Throws: what `forward` throws.
    func watchedForward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> OperatorWatch
}

/// What was noticed of an operator at its work, in words; nil for what is as it must be.
package struct OperatorWatch: Sendable, Equatable {
    /// A write to an input or a weight, or beside them.
    package let changed: String?
    /// An element of the output that was not written, or was made of what lies beside the inputs, or a write beside the output.
    package let misplaced: String?
}
