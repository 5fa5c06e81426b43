import Tessera

/// Reads what scripts say of stages and parts.
struct StageReading {
    var span: Span
    /// How many nodes there are.
    var nodes: Int
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
        let node = try options.require("node", "who makes it, counted from 1") { value in
            let node = try value.requireInteger()
            guard (1...nodes).contains(node) else {
                throw TesseraError(.invalidArgument, "expected a node from 1 to \(nodes), got \(node)")
            }
            return node
        }
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
