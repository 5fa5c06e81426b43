import TesseraCore
import TesseraOperators

/// The part of a network that can be cut in space: from its inputs to the last layer whose output depends on nothing but
/// layers that are local in space. What a strategy gets to see.
public struct Span: Sendable {
    public let graph: BoundGraph
    /// The values at which the network can be cut: everything later needs of what was before only this value (and the
    /// network's own inputs). In order; the last is the span's end.
    public let cutPoints: [Graph.ValueID]

    /// - Parameter end: the layer at which the span ends at the latest; nil for as far as it goes.
    /// - Throws: `notFound` if there is no such layer, `invalidArgument` if the network cannot be cut there.
    public init(_ graph: BoundGraph, end: String? = nil) throws {
        self.graph = graph
        let all = Self.cutPoints(of: graph)
        guard let end else {
            cutPoints = all
            return
        }
        let value = try graph.graph.value(named: end)
        guard let index = all.firstIndex(of: value) else {
            throw TesseraError(
                .invalidArgument,
                "the network cannot be cut after '\(end)'"
                    + suggestion(for: end, among: all.map { graph.graph.values[$0].name }))
        }
        cutPoints = Array(all[...index])
    }

    /// The value at which the span ends, nil if there is nothing to cut.
    public var output: Graph.ValueID? { cutPoints.last }

    /// The layers that make `value` from the network's inputs and the values in `available`, in order of execution.
    public func layers(making value: Graph.ValueID, from available: Set<Graph.ValueID>) -> [Graph.NodeID] {
        graph.graph.layers(making: [value], from: available)
    }

    /// The cut point of that name, or that of a layer into which one of that name was merged.
    public func cutPoint(named name: String) throws -> Graph.ValueID {
        guard let value = try? graph.graph.value(named: name), cutPoints.contains(value) else {
            let names = cutPoints.map { graph.graph.values[$0].name }
            throw TesseraError(
                .invalidArgument, "the network cannot be cut after '\(name)'" + suggestion(for: name, among: names))
        }
        return value
    }

    /// The cut points after layers of a kind, such as `max_pool`; one that was merged into another counts as there.
    public func cutPoints(ofKind kind: String) -> [Graph.ValueID] {
        let merged = Set(graph.graph.aliases.filter { $0.kind == kind }.map(\.value))
        return cutPoints.filter { value in
            merged.contains(value) || graph.graph.values[value].producer.map { graph.graph.nodes[$0].op.name } == kind
        }
    }

    private static func cutPoints(of bound: BoundGraph) -> [Graph.ValueID] {
        let graph = bound.graph
        let consumers = graph.consumers
        let outputs = Set(graph.outputs.map(\.value))
        /// For each node that is local all the way back, the nodes it depends on, itself included.
        var ancestors: [Graph.NodeID: Set<Graph.NodeID>] = [:]
        var result: [Graph.ValueID] = []
        for (id, node) in graph.nodes.enumerated() {
            if node.op is Constant {
                ancestors[id] = [id]
                continue
            }
            // Constants may have any shape: they are repeated over the map, or cut like it.
            let maps = node.outputs + node.inputs.filter { !graph.isConstant($0) }
            guard node.op.isSpatiallyLocal,
                maps.allSatisfy({ bound.shapes[$0].rank == 4 && bound.shapes[$0].elementCount > 0 })
            else { continue }
            let producers = Set(node.inputs.compactMap { graph.values[$0].producer })
            guard producers.allSatisfy({ ancestors[$0] != nil }) else { continue }
            let all = producers.reduce(into: Set([id])) { $0.formUnion(ancestors[$1] ?? []) }
            ancestors[id] = all
            guard node.outputs.count == 1, bound.elementTypes[node.outputs[0]] == .f32 else { continue }
            let isClean = all.allSatisfy { ancestor in
                ancestor == id || graph.nodes[ancestor].op is Constant
                    || graph.nodes[ancestor].outputs.allSatisfy { value in
                        !outputs.contains(value) && consumers[value].allSatisfy(all.contains)
                    }
            }
            if isClean { result.append(node.outputs[0]) }
        }
        return result
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
