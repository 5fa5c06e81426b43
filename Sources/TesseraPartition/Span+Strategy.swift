import TesseraCore

// What strategies ask of a span.
extension Span {
    /// The cut points in space that are named, by layer or by kind of layer, and the span's end; in order.
    ///
    /// - Throws: `invalidArgument` if the network cannot be cut in space after a layer that is named.
    public func cuts(after names: [String]) throws -> [Graph.ValueID] {
        let kinds = Set(graph.graph.nodes.map(\.op.name) + graph.graph.aliases.map(\.kind))
        var chosen = Set(output.map { [$0] } ?? [])
        for name in names {
            if kinds.contains(name), (try? graph.graph.value(named: name)) == nil {
                chosen.formUnion(cutPoints(ofKind: name))
            } else {
                chosen.insert(try spatialCutPoint(named: name))
            }
        }
        return cutPoints.filter(chosen.contains)
    }

    /// What making a region of a value takes, in operations and in regions of what is read, if a stage runs `layers`.
    ///
    /// - Parameter node: who makes it, for what that costs.
    /// - Throws: `notSupported` if a layer cannot be cut that way.
    public func tile(
        _ region: Region, of value: Graph.ValueID, layers: [Graph.NodeID], on node: Int = 0
    ) throws -> Tile {
        try Tile(TileChoice(node: node, region: region), of: value, layers: layers, in: graph)
    }
}
