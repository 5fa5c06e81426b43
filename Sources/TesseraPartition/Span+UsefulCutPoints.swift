import TesseraCore

extension Span {
    /// The cut points in space without those before a layer that works pixel by pixel and makes nothing larger, such as an
    /// activation: to cut after that layer is never worse.
    public var usefulCutPoints: [Graph.ValueID] { useful(cutPoints) }

    /// The same of some cut points; the last is kept.
    public func useful(_ cutPoints: [Graph.ValueID]) -> [Graph.ValueID] {
        let readers = graph.graph.soleReaders
        let all = Set(cutPoints)
        return cutPoints.filter { value in
            guard value != cutPoints.last, let reader = readers[value] else { return true }
            let node = graph.graph.nodes[reader]
            guard node.op.isPointwise, node.inputs.count == 1, let made = node.outputs.first else { return true }
            return !all.contains(made) || graph.byteCount(of: made) > graph.byteCount(of: value)
        }
    }
}
