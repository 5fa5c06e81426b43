import TesseraCore
import TesseraOperators

/// Where a network can be cut. What a strategy gets to see.
///
/// The span itself is what can be cut in space: from the network's inputs to the last layer whose output depends on nothing but
/// layers that are local in space. What follows, such as a classifier's head, can be cut along channels or features, or between
/// its layers.
public struct Span: Sendable {
    public let graph: BoundGraph
    /// The maps at which the network can be cut in space: everything later needs of what was before only this value (and the
    /// network's own inputs). In order; the last is the span's end.
    public let cutPoints: [Graph.ValueID]
    /// Such values that depend on layers that are not local in space, such as a pooling of whole maps or a linear layer. They are
    /// cut along channels or features, axis 1, or not at all. In order.
    public let laterCutPoints: [Graph.ValueID]

    /// - Parameter end: the layer at which the span ends at the latest; nil for as far as it goes.
    /// - Throws: `notFound` if there is no such layer, `invalidArgument` if the network cannot be cut there.
    public init(_ graph: BoundGraph, end: String? = nil) throws {
        self.graph = graph
        let (spatial, later) = Self.cutPoints(of: graph)
        guard let end else {
            (cutPoints, laterCutPoints) = (spatial, later)
            return
        }
        _ = try graph.graph.value(named: end)
        let last = try Self.cutPoint(named: end, among: (spatial + later).sorted(), in: graph.graph)
        (cutPoints, laterCutPoints) = (spatial.filter { $0 <= last }, later.filter { $0 <= last })
    }

    /// The map at which the span ends, nil if nothing can be cut in space.
    public var output: Graph.ValueID? { cutPoints.last }

    /// All values at which the network can be cut, in space or otherwise, in order.
    public var allCutPoints: [Graph.ValueID] { (cutPoints + laterCutPoints).sorted() }

    /// The layers that make `value` from the network's inputs and the values in `available`, in order of execution.
    public func layers(making value: Graph.ValueID, from available: Set<Graph.ValueID>) -> [Graph.NodeID] {
        graph.graph.layers(making: [value], from: available)
    }

    /// The cut point of that name, or that of a layer into which one of that name was merged.
    public func cutPoint(named name: String) throws -> Graph.ValueID {
        try Self.cutPoint(named: name, among: allCutPoints, in: graph.graph)
    }

    /// The same among those in space.
    func spatialCutPoint(named name: String) throws -> Graph.ValueID {
        try Self.cutPoint(named: name, among: cutPoints, in: graph.graph)
    }

    private static func cutPoint(
        named name: String, among cutPoints: [Graph.ValueID], in graph: Graph
    ) throws -> Graph.ValueID {
        guard let value = try? graph.value(named: name), cutPoints.contains(value) else {
            let names = cutPoints.map { graph.values[$0].name }
            throw TesseraError(
                .invalidArgument, "the network cannot be cut after '\(name)'" + suggestion(for: name, among: names))
        }
        return value
    }

    /// The cut points in space after layers of a kind, such as `max_pool`; one that was merged into another counts as there.
    public func cutPoints(ofKind kind: String) -> [Graph.ValueID] {
        let merged = Set(graph.graph.aliases.filter { $0.kind == kind }.map(\.value))
        return cutPoints.filter { value in
            merged.contains(value) || graph.graph.values[value].producer.map { graph.graph.nodes[$0].op.name } == kind
        }
    }

    private static func cutPoints(of bound: BoundGraph) -> (spatial: [Graph.ValueID], later: [Graph.ValueID]) {
        let graph = bound.graph
        let consumers = graph.consumers
        let soleReaders = graph.soleReaders
        let outputs = Set(graph.outputs.map(\.value))
        /// For each node that can be part of a stage all the way back, the nodes it depends on, itself included.
        var ancestors: [Graph.NodeID: Set<Graph.NodeID>] = [:]
        /// Those that are local all the way back.
        var local: Set<Graph.NodeID> = []
        var (spatial, later): ([Graph.ValueID], [Graph.ValueID]) = ([], [])
        for (id, node) in graph.nodes.enumerated() {
            if node.op is Constant {
                ancestors[id] = [id]
                local.insert(id)
                continue
            }
            let producers = Set(node.inputs.compactMap { graph.values[$0].producer })
            guard producers.allSatisfy({ ancestors[$0] != nil }) else { continue }
            if producers.isSubset(of: local), bound.isLocal(node) { local.insert(id) }
            guard local.contains(id) || bound.hasTile(node) else { continue }
            let all = producers.reduce(into: Set([id])) { $0.formUnion(ancestors[$1] ?? []) }
            ancestors[id] = all
            guard node.outputs.count == 1, bound.elementTypes[node.outputs[0]] == .f32 || node.op is Quantize,
                bound.shapes[node.outputs[0]].rank >= 2,
                !bound.isBetweenIntegers(node.outputs[0], readers: soleReaders)
            else { continue }
            let isClean = all.allSatisfy { ancestor in
                ancestor == id || graph.nodes[ancestor].op is Constant
                    || graph.nodes[ancestor].outputs.allSatisfy { value in
                        !outputs.contains(value) && consumers[value].allSatisfy(all.contains)
                    }
            }
            guard isClean else { continue }
            if local.contains(id) { spatial.append(node.outputs[0]) } else { later.append(node.outputs[0]) }
        }
        return (spatial, later)
    }
}

extension BoundGraph {
    /// Whether a layer reads and makes maps, and is local in space.
    fileprivate func isLocal(_ node: Graph.Node) -> Bool {
        // Constants may have any shape: they are repeated over the map, or cut like it.
        let maps = node.outputs + node.inputs.filter { !graph.isConstant($0) }
        return node.op.isSpatiallyLocal && maps.allSatisfy { shapes[$0].rank == 4 && shapes[$0].elementCount > 0 }
    }

    /// Whether a value is made of bytes, or is about to become bytes. Layers between the two run as one on the bytes, which they
    /// could not if they were on two nodes.
    public func isBetweenIntegers(_ value: Graph.ValueID, readers: [Graph.NodeID?]) -> Bool {
        guard elementTypes[value] == .f32 else { return false }
        if let producer = graph.values[value].producer, graph.nodes[producer].op is Dequantize { return true }
        var value = value
        while let reader = readers[value] {
            let node = graph.nodes[reader]
            if node.op is Quantize { return true }
            guard node.op.isPointwise, node.outputs.count == 1 else { return false }
            value = node.outputs[0]
        }
        return false
    }

    /// Whether a layer can be part of a tile at least as a whole.
    fileprivate func hasTile(_ node: Graph.Node) -> Bool {
        let inputs = inputShapes(of: node)
        return node.outputs.enumerated().allSatisfy { index, value in
            shapes[value].elementCount > 0
                && (try? node.op.tile(Region(whole: shapes[value]), ofOutput: index, inputs: inputs)) != nil
        }
    }
}

extension Graph {
    /// Whether a value is that of a constant layer.
    fileprivate func isConstant(_ value: ValueID) -> Bool {
        values[value].producer.map { nodes[$0].op is Constant } ?? false
    }

    /// The layers that make the given values from the graph's inputs and from `available`, in order of execution.
    public func layers(making targets: [ValueID], from available: Set<ValueID>) -> [NodeID] {
        var needed = Set<NodeID>()
        var pending = targets
        while let value = pending.popLast() {
            guard !available.contains(value), let producer = values[value].producer, needed.insert(producer).inserted
            else { continue }
            pending += nodes[producer].inputs
        }
        return needed.sorted()
    }
}
