import TesseraCore

/// Softmax and its logarithm.
enum SoftmaxImport {
    static let converters: [String: NodeConverter] = [
        "Softmax": softmax("softmax"), "LogSoftmax": softmax("log_softmax"),
    ]

    private static func softmax(_ type: String) -> NodeConverter {
        { node in
            let x = try node.input(0)
            let axis = node.integer("axis", default: node.opset < 13 ? 1 : -1)
            let isLast = axis == -1 || x.rank.map { $0 - 1 == axis } ?? false
            if node.opset >= 13 || isLast {
                let known = x.rank.map { axis < 0 ? axis + $0 : axis } ?? axis
                return [try node.emit(type, ["axis": .int(known)], [x], facts: x.facts)]
            }
            if let rank = x.rank, !(-rank..<rank).contains(axis) {
                throw TesseraError(
                    .malformedFile, "expected an axis from \(-rank) to \(rank - 1), found \(axis)")
            }
            // Up to opset 12, over all axes from `axis` on as if they were one.
            let rows = try ReshapingImport.flatten(x, at: axis, node: node, as: "rows")
            let result = try node.emit(type, ["axis": .int(1)], [rows], as: "result", facts: rows.facts)
            let shape = try node.emit("shape", [:], [x], as: "shape", facts: .type(.i64, rank: 1))
            return [try node.emit("reshape", slots: [.data("x", result), .data("shape", shape)], facts: x.facts)]
        }
    }
}
