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
        let arguments: [ScriptValue] = [
            .table(ScriptTable(span)), .integer(nodes), .table(try ScriptValue(options).requireTable()),
        ]
        let result = try function.call(arguments).first ?? .nil
        return try locatingErrors(path: "strategy '\(name)'") {
            guard case .table = result else {
                throw TesseraError(.invalidArgument, "expected a list of stages as the result, got \(result.kind)")
            }
            return try result.requireArray().enumerated().map { try stage($1, "stage \($0 + 1)", of: span) }
        }
    }

    private func stage(_ value: ScriptValue, _ label: String, of span: Span) throws -> StageChoice {
        let label = "strategy '\(name)': \(label)"
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
        var region = try options.take("region") { try Region(scriptValue: $0, rank: whole.rank) } ?? whole
        for (name, axis) in [("channels", 1), ("rows", 2), ("columns", 3)] where axis < whole.rank {
            if let range = try options.take(name, { try Range(scriptValue: $0) }) { region[axis] = range }
        }
        try options.finish()
        return region.isEmpty ? nil : TileChoice(node: node - 1, region: region)
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
        let layers = span.output.map { span.layers(making: $0, from: []) } ?? []
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
            "output": span.output.map(value) ?? .nil,
        ])
    }
}
