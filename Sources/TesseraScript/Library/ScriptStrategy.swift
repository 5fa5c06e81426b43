import Tessera

/// A partition strategy that is a Lua function.
struct ScriptStrategy: PartitionStrategy {
    /// What the registry says of where it comes from.
    static let source = "script"

    var name: String
    var function: ScriptFunction
    /// What the plan's further options are.
    var options: Configuration

    func stages(for span: Span, nodes: Int) throws -> [StageChoice] {
        try decision(for: span, on: ClusterProfile(equalNodes: nodes)).stages
    }

    func decision(for span: Span, on cluster: ClusterProfile) throws -> PartitionDecision {
        let model = ScriptCostModel(CostModel(span.graph, on: cluster), of: span)
        let results = try function.call([
            .table(ScriptTable(span)), .integer(cluster.nodes.count), .table(try ScriptValue(options).requireTable()),
            .object(model),
        ])
        let stages = results.first ?? .nil
        return try locatingErrors(path: "strategy '\(name)'") {
            guard case .table = stages else {
                throw TesseraError(.invalidArgument, "expected a list of stages as the result, got \(stages.kind)")
            }
            var notes: [String] = []
            if let remarks = results.dropFirst().first, !remarks.isNil {
                notes = try locatingErrors(path: "remarks") {
                    try remarks.requireArray().map { try $0.requireString() }
                }
            }
            let reading = StageReading(span: span, path: "strategy '\(name)'")
            return PartitionDecision(stages: try reading.stages(stages), notes: notes)
        }
    }
}

/// Reads what scripts say of stages and parts.
struct StageReading {
    var span: Span
    /// What errors say of where they come from.
    var path: String

    /// A list of `{output = NAME, tiles = {{node = 1, rows = {first, last}}, …}}`.
    func stages(_ value: ScriptValue) throws -> [StageChoice] {
        try value.requireArray().enumerated().map { try stage($1, "\(path): stage \($0 + 1)") }
    }

    private func stage(_ value: ScriptValue, _ label: String) throws -> StageChoice {
        var options = NamedOptions(try locatingErrors(path: label) { try value.requireNamed() }, of: label)
        let output = try options.require("output", "the layer it ends with") {
            try span.cutPoint(named: $0.requireString())
        }
        let tiles = try options.require("tiles", "who makes what") { try $0.requireArray() }
        try options.finish()
        let whole = Region(whole: span.graph.shapes[output])
        return StageChoice(
            output: output,
            tiles: try tiles.enumerated().compactMap { try tile($1, "\(label): tile \($0 + 1)", of: whole) })
    }

    /// One node's part; nil if it is empty.
    private func tile(_ value: ScriptValue, _ label: String, of whole: Region) throws -> TileChoice? {
        var options = NamedOptions(try locatingErrors(path: label) { try value.requireNamed() }, of: label)
        let node = try options.require("node", "who makes it, counted from 1") { try $0.requireInteger() }
        let region = try options.region(of: whole)
        try options.finish()
        return region.isEmpty ? nil : TileChoice(node: node - 1, region: region)
    }
}

extension NamedOptions {
    /// A part of something: `region`, a range for every axis, or `channels`, `rows` and `columns`; an axis that is not named is
    /// whole.
    mutating func region(of whole: Region) throws -> Region {
        var region = try take("region") { try Region(scriptValue: $0, rank: whole.rank) } ?? whole
        for (name, axis) in [("channels", 1), ("rows", 2), ("columns", 3)] where axis < whole.rank {
            if let range = try take(name, { try Range(scriptValue: $0) }) { region[axis] = range }
        }
        return region
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
