import Tessera

/// A partition strategy that is a Lua function.
struct ScriptStrategy: PartitionStrategy {
    var module: ScriptModule
    /// What the plan's further options are.
    var options: Configuration

    func stages(for span: Span, nodes: Int) throws -> [StageChoice] {
        try decision(for: span, on: ClusterProfile(equalNodes: nodes)).stages
    }

    func decision(for span: Span, on cluster: ClusterProfile) throws -> PartitionDecision {
        let model = ScriptCostModel(CostModel(span.graph, on: cluster), of: span)
        let results = try module.call([
            .table(ScriptTable(span)), .integer(cluster.nodes.count), .table(try module.values(of: options)),
            .object(model),
        ])
        let stages = results.first ?? .nil
        return try locatingErrors(path: module.title) {
            guard case .table = stages else {
                throw TesseraError(.invalidArgument, "expected a list of stages as the result, got \(stages.kind)")
            }
            var notes: [String] = []
            if let remarks = results.dropFirst().first, !remarks.isNil {
                notes = try locatingErrors(at: "remarks") {
                    try remarks.requireArray { try $0.requireString() }
                }
            }
            let reading = StageReading(
                span: span, nodes: cluster.nodes.count, path: module.title)
            return PartitionDecision(stages: try reading.stages(stages), notes: notes)
        }
    }
}

extension ScriptRecord {
    static var span: ScriptRecord {
        let values = "{name: string, shape: integer[]}"
        return ScriptRecord(
            "Span", "The layers that can be cut, which the function of a partition strategy gets.",
            fields: [
                Field("inputs", "\(values)[]", "What the network is given."),
                Field(
                    "layers",
                    "{name: string, kind: string, options: table, inputs: string[], shape: integer[], macs: integer}[]",
                    "The layers in order of execution, with the shapes of what they make and their multiply-accumulates."
                ),
                Field("cut_points", "\(values)[]", "The values after which all axes can be cut, in order."),
                Field(
                    "later_cut_points", "\(values)[]",
                    "The values after those, which depend on all pixels of one before: channels and features alone can be cut."
                ),
                Field("output?", values, "The last of `cut_points`; nil if there are none."),
            ])
    }
}

extension ScriptTable {
    /// What a strategy gets to see, all that one in Swift sees but the weights.
    fileprivate init(_ span: Span) {
        let graph = span.graph.graph
        func value(_ id: Graph.ValueID) -> ScriptValue {
            ["name": .string(graph.values[id].name), "shape": ScriptValue(span.graph.shapes[id])]
        }
        let macs = span.graph.multiplyAccumulates
        let layers = span.allCutPoints.last.map { span.layers(making: $0, from: []) } ?? []
        self.init(entries: [
            "inputs": .table(ScriptTable(array: graph.inputs.map { value($0.value) })),
            "layers": .table(
                ScriptTable(
                    array: layers.map { id in
                        let node = graph.nodes[id]
                        var table = ScriptTable(layer: node, of: graph)
                        table.entries["shape"] = ScriptValue(span.graph.shapes[node.outputs[0]])
                        table.entries["macs"] = .integer(macs[id])
                        return .table(table)
                    })),
            "cut_points": .table(ScriptTable(array: span.cutPoints.map(value))),
            "later_cut_points": .table(ScriptTable(array: span.laterCutPoints.map(value))),
            "output": span.output.map(value) ?? .nil,
        ])
    }
}
