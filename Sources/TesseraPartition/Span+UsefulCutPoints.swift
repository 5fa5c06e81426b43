import TesseraCore

extension Span {
    /// The cut points without those before a layer that works pixel by pixel and makes nothing larger, such as an activation: to
    /// cut after that layer is never worse.
    public var usefulCutPoints: [Graph.ValueID] {
        let readers = graph.graph.soleReaders
        let all = Set(cutPoints)
        return cutPoints.filter { value in
            guard value != output, let reader = readers[value] else { return true }
            let node = graph.graph.nodes[reader]
            guard node.op.isPointwise, node.inputs.count == 1, let made = node.outputs.first else { return true }
            return !all.contains(made) || graph.byteCount(of: made) > graph.byteCount(of: value)
        }
    }
}
