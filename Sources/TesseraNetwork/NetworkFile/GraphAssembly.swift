import TesseraCore

/// Joins the inputs and layers of a network file into a graph.
struct GraphAssembly {
    private(set) var graph: Graph
    private(set) var problems = ProblemList()
    /// Where blocks are used, by the name of the use.
    private(set) var blockUses: [String: BlockUse] = [:]
    /// What every name outside of blocks stands for; in a block, names begin with the block's.
    private var values: [String: Graph.ValueID] = [:]
    /// The outputs of layers by their full names: `LAYER.output`.
    private var outputs: [String: Graph.ValueID] = [:]
    /// Where each name was given.
    private var places: [String: SourceLocation?] = [:]
    /// Where the names are given that are still to come.
    private var later: [String: SourceLocation?] = [:]
    /// True if something was not readable, which unknown names may belong to.
    private var isIncomplete: Bool

    /// The names that can be used without their beginning at a place in the file.
    private struct Frame {
        /// What the names of layers begin with.
        var prefix = ""
        var inputs: [String: Graph.ValueID] = [:]
    }

    /// A list of layers that are joined.
    private struct Scope {
        /// What names mean, the last one first.
        var frames: [Frame]
        /// What a layer reads that does not say so.
        var previous: Graph.ValueID?
        /// How many inputs there are if there is nothing before.
        var inputs: [String]
        var uses: [BlockUse] = []

        var prefix: String { frames.last?.prefix ?? "" }
    }

    /// - Parameter isIncomplete: true if something is known to be missing, so that unknown names are no news.
    init(
        inputs: [(name: String, declaration: InputDeclaration, location: SourceLocation?)], isIncomplete: Bool = false
    ) throws {
        graph = Graph()
        self.isIncomplete = isIncomplete
        for input in inputs {
            values[input.name] = try locatingErrors(at: input.location) {
                try graph.addInput(
                    input.name, shape: input.declaration.shape, elementType: input.declaration.elementType)
            }
            places[input.name] = input.location
        }
    }

    /// Adds all layers, in the order of the file.
    mutating func add(_ items: [LayerItem]) {
        guard !graph.inputs.isEmpty || !isIncomplete else { return }
        var scope = Scope(
            frames: [Frame()], previous: graph.inputs.count == 1 ? graph.inputs[0].value : nil,
            inputs: graph.inputs.map(\.name))
        add(items, to: &scope)
    }

    /// The value that a layer or an input of that name gives.
    func value(named name: String, at location: SourceLocation?) throws -> Graph.ValueID {
        if let value = values[name] ?? outputs[name] { return value }
        if isIncomplete, let any = values.first { return any.value }
        throw TesseraError(
            .notFound, "unknown layer '\(name)'" + suggestion(for: name, among: values.keys), location: location)
    }

    /// Adds an output that is a layer's, or an input's, value.
    mutating func addOutput(_ name: String, from source: String, at location: SourceLocation?) throws {
        try locatingErrors(path: "outputs", at: location) {
            try graph.addOutput(name, value(named: source, at: location))
        }
    }

    private mutating func add(_ items: [LayerItem], to scope: inout Scope) {
        let names = names(of: items, in: scope)
        for (name, item) in zip(names, items) { later.updateValue(item.location, forKey: name) }
        for (name, item) in zip(names, items) where !problems.isFull {
            do {
                try checkUnused(name, item.location, in: scope)
                switch item {
                case .layer(let layer):
                    scope.previous = try add(layer, named: name, in: scope)
                case .group(let group): scope.previous = try add(group, named: name, in: scope)
                case .unreadable(_, _, let hidesNames):
                    if hidesNames { isIncomplete = true }
                    scope.previous = scope.previous ?? graph.inputs.first?.value
                }
            } catch {
                let problem = error as? TesseraError ?? TesseraError(.invalidArgument, "\(error)")
                problems.add(problem.located(path: name, location: item.location), in: scope.uses)
                // Whatever reads this layer is wired to something, so that its own mistakes come to light as well.
                scope.previous = scope.previous ?? graph.inputs.first?.value
            }
            values[name] = scope.previous
            places.updateValue(item.location, forKey: name)
            later[name] = nil
        }
        // Those that a full list of problems left out are no longer to come.
        for name in names { later[name] = nil }
    }

    /// Adds one layer, and gives its first output.
    private mutating func add(_ layer: LayerDeclaration, named name: String, in scope: Scope) throws -> Graph.ValueID {
        // What needs no input reads none that it does not name.
        let readsNothing = layer.common.from == nil && layer.op.inputCount.lowerBound == 0
        let inputs = readsNothing ? [] : try inputs(of: layer.common, in: scope)
        let first = try graph.addNode(name, layer.op, inputs: inputs, location: layer.location)
        for (offset, output) in layer.op.outputNames.enumerated() {
            outputs["\(name).\(output)"] = first + offset
        }
        return first
    }

    /// Adds the layers of a group, and gives what the last one makes.
    private mutating func add(_ group: LayerGroup, named name: String, in outer: Scope) throws -> Graph.ValueID {
        let inputs: [Graph.ValueID]
        if group.use == nil, group.common.from == nil {
            inputs = outer.previous.map { [$0] } ?? []
        } else {
            inputs = try self.inputs(of: group.common, in: outer)
            let expected = max(1, group.inputs.count)
            guard inputs.count == expected else {
                let names = group.inputs.isEmpty ? "" : " (\(group.inputs.joined(separator: ", ")))"
                throw TesseraError(
                    .shapeMismatch, "'\(group.kind)' expects \(expected) inputs\(names), found \(inputs.count)")
            }
        }
        blockUses[name] = group.use
        var frame = Frame(prefix: name + ".")
        for (input, value) in zip(group.inputs, inputs) { frame.inputs[input] = value }
        // A block sees the names in it and those of the network; a `when`, all around it.
        var scope = Scope(
            frames: (group.use == nil ? outer.frames : Array(outer.frames.prefix(1))) + [frame],
            previous: inputs.count == 1 ? inputs[0] : nil, inputs: group.use == nil ? outer.inputs : group.inputs,
            uses: outer.uses + (group.use.map { [$0] } ?? []))
        add(group.items, to: &scope)
        guard let output = scope.previous else {
            throw TesseraError(.invalidArgument, "'\(group.kind)' has no layers and several inputs: it gives nothing")
        }
        return output
    }

    /// The items' names; one without is named after what it is, with the next number that makes it unique.
    private func names(of items: [LayerItem], in scope: Scope) -> [String] {
        var taken = Set(items.compactMap(\.name))
        taken.formUnion(scope.frames.last?.inputs.keys.map { $0 } ?? [])
        if scope.frames.count == 1 { taken.formUnion(values.keys) }
        var automatic = AutomaticNames(taken: taken)
        return items.map { scope.prefix + ($0.name ?? automatic.next($0.kind)) }
    }

    private func checkUnused(_ name: String, _ location: SourceLocation?, in scope: Scope) throws {
        if let frame = scope.frames.last, frame.inputs[String(name.dropFirst(frame.prefix.count))] != nil {
            throw TesseraError(.invalidArgument, "the name '\(name)' is used twice, first for the block's input")
        }
        guard let place = places[name] else { return }
        var message = "the name '\(name)' is used twice"
        if let place, place == location {
            message += ": give each repetition its own, such as \"\(name){index}\""
        } else if let place {
            message += ", first at line \(place.line)"
        }
        throw TesseraError(.invalidArgument, message)
    }

    private func inputs(of common: CommonKeys, in scope: Scope) throws -> [Graph.ValueID] {
        if let references = common.from { return try references.map { try value(of: $0, in: scope) } }
        guard let previous = scope.previous else {
            throw TesseraError(
                .invalidArgument,
                "the first layer needs 'from:', as there are several inputs: \(scope.inputs.joined(separator: ", "))")
        }
        return [previous]
    }

    private func value(of reference: CommonKeys.Reference, in scope: Scope) throws -> Graph.ValueID {
        for frame in scope.frames.reversed() {
            let name = frame.prefix + reference.name
            if let value = frame.inputs[reference.name] ?? values[name] ?? outputs[name] { return value }
        }
        for frame in scope.frames.reversed() {
            guard let place = later[frame.prefix + reference.name] else { continue }
            let line = place.map { " at line \($0.line)" } ?? ""
            throw TesseraError(
                .invalidArgument, "expected an input or a layer before this one, found '\(reference.name)'\(line)",
                location: reference.location)
        }
        if isIncomplete, let any = graph.inputs.first?.value { return any }
        throw TesseraError(
            .notFound,
            "unknown layer or input '\(reference.name)'" + suggestion(for: reference.name, among: names(in: scope)),
            location: reference.location)
    }

    /// The names that a layer can use, as it would write them.
    private func names(in scope: Scope) -> [String] {
        guard scope.frames.count > 1, let frame = scope.frames.last else { return Array(values.keys) }
        return frame.inputs.keys
            + values.keys.filter { $0.hasPrefix(frame.prefix) }.map { String($0.dropFirst(frame.prefix.count)) }
    }
}

extension LayerItem {
    /// The name that is given, if any.
    fileprivate var name: String? {
        switch self {
        case .layer(let layer): layer.common.name
        case .group(let group): group.common.name
        case .unreadable(let name, _, _): name
        }
    }

    /// What an item without a name is named after.
    fileprivate var kind: String {
        switch self {
        case .layer(let layer): layer.op.name
        case .group(let group): group.kind
        case .unreadable(_, let kind, _): kind
        }
    }

    fileprivate var location: SourceLocation? {
        switch self {
        case .layer(let layer): layer.location
        case .group(let group): group.location
        case .unreadable: nil
        }
    }
}
