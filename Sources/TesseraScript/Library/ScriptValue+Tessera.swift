import Tessera

/// Shapes, ranges and regions as scripts write them: positions count from 1, and a range includes its last.
extension ScriptValue {
    init(_ shape: Shape) { self = .table(ScriptTable(array: shape.dimensions.map(ScriptValue.integer))) }

    init(_ shape: SymbolicShape) {
        self = .table(
            ScriptTable(
                array: shape.dimensions.map { dimension in
                    switch dimension {
                    case .fixed(let size): .integer(size)
                    case .symbol(let name): .string(name)
                    }
                }))
    }

    init(range: Range<Int>) { self = [.integer(range.lowerBound + 1), .integer(range.upperBound)] }

    init(_ region: Region) { self = .table(ScriptTable(array: region.ranges.map(ScriptValue.init(range:)))) }

    /// The entries of a table that is no list.
    func requireNamed() throws -> [String: ScriptValue] {
        let table = try requireTable()
        guard table.array.isEmpty else { throw TesseraError(.invalidArgument, "expected named entries, got a list") }
        return table.entries
    }
}

extension Shape {
    init(scriptValue: ScriptValue) throws {
        let sizes = try scriptValue.requireArray { try $0.requireInteger() }
        guard sizes.allSatisfy({ $0 >= 1 }) else {
            throw TesseraError(.shapeMismatch, "expected sizes of at least 1, got \(Shape(sizes))")
        }
        self.init(sizes)
    }
}

extension Range<Int> {
    /// `{first, last}`, counted from 1; empty if the last is before the first.
    init(scriptValue: ScriptValue) throws {
        let bounds = try scriptValue.requireArray { try $0.requireInteger() }
        guard bounds.count == 2, bounds.allSatisfy({ (0...1 << 40).contains($0) }), bounds[0] >= 1 else {
            throw TesseraError(.invalidArgument, "expected a range {first, last}, counted from 1, got \(scriptValue)")
        }
        self = (bounds[0] - 1)..<Swift.max(bounds[0] - 1, bounds[1])
    }
}

extension Region {
    init(scriptValue: ScriptValue, rank: Int) throws {
        let ranges = try scriptValue.requireArray { try Range(scriptValue: $0) }
        guard ranges.count == rank else {
            throw TesseraError(
                .invalidArgument, "expected a range {first, last} for each of \(rank) axes, got \(ranges.count)")
        }
        self.init(ranges)
    }
}

extension WeightSource {
    /// A path, `{random = SEED}`, or tensors by name.
    init(scriptValue: ScriptValue) throws {
        if case .string(let path) = scriptValue {
            self = .file(path)
            return
        }
        guard case .table = scriptValue else {
            throw scriptValue.unexpected("a path, {random = SEED} or tensors by name")
        }
        let entries = try scriptValue.requireNamed()
        if entries["random"] == nil {
            self = .tensors(try [String: Tensor](scriptValue: scriptValue))
            return
        }
        var options = NamedOptions(try scriptValue.requireNamed(), of: "weights")
        self = .random(seed: try options.require("random", "the seed") { try $0.requireInteger() })
        try options.finish()
    }
}

extension ScriptTable {
    /// A layer of a network.
    init(layer: Graph.Node, of graph: Graph) {
        self.init(entries: [
            "name": .string(layer.name), "kind": .string(layer.op.name),
            "options": .table((try? ScriptValue(layer.op.configuration).requireTable()) ?? ScriptTable()),
            "inputs": .table(ScriptTable(array: layer.inputs.map { .string(graph.values[$0].name) })),
        ])
    }
}

extension ScriptCall {
    func shape(_ position: Int, _ label: String) throws -> Shape {
        try locatingErrors(within: "\(name): argument \(position) (\(label))") {
            try Shape(scriptValue: self[position])
        }
    }
}

extension NamedOptions {
    mutating func threads(_ name: String) throws -> Int? {
        try take(name) { value in
            let count = try value.requireInteger()
            guard (1...1024).contains(count) else {
                throw TesseraError(.invalidArgument, "expected 1 to 1024 threads, got \(count)")
            }
            return count
        }
    }
}
