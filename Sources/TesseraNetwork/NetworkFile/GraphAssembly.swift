import TesseraCore

/// Joins the inputs and layers of a network file into a graph.
struct GraphAssembly {
    private(set) var graph = Graph()
    private(set) var problems = ProblemList()
    private var values: [String: Graph.ValueID] = [:]
    /// Where each name was given.
    private var places: [String: SourceLocation?] = [:]

    init(inputs: [(name: String, shape: SymbolicShape, location: SourceLocation?)]) throws {
        for input in inputs {
            values[input.name] = try locatingErrors(at: input.location) {
                try graph.addInput(input.name, shape: input.shape)
            }
            places[input.name] = input.location
        }
    }

    /// Adds all layers, in the order of the file.
    mutating func add(_ layers: [LayerDeclaration]) {
        let names = names(of: layers)
        var later = Dictionary(zip(names, layers.map(\.location)), uniquingKeysWith: { first, _ in first })
        var previous: Graph.ValueID? = graph.inputs.count == 1 ? graph.inputs[0].value : nil
        for (name, layer) in zip(names, layers) where !problems.isFull {
            do {
                try checkUnused(name, layer.location)
                let inputs = try inputs(of: layer, name, previous: previous, later: later)
                previous = try graph.addNode(name, layer.op, inputs: inputs, location: layer.location)
            } catch {
                let problem = error as? TesseraError ?? TesseraError(.invalidArgument, "\(error)")
                problems.add(problem.located(path: name, location: layer.location))
                // Whatever reads this layer is wired to something, so that its own mistakes come to light as well.
                previous = previous ?? graph.inputs.first?.value
            }
            values[name] = previous
            places.updateValue(layer.location, forKey: name)
            later[name] = nil
        }
    }

    /// Adds an output that is a layer's, or an input's, value.
    mutating func addOutput(_ name: String, from source: String, at location: SourceLocation?) throws {
        try locatingErrors(path: "outputs", at: location) {
            guard let value = values[source] else {
                throw TesseraError(
                    .notFound, "unknown layer '\(source)'" + suggestion(for: source, among: values.keys))
            }
            try graph.addOutput(name, value)
        }
    }

    /// The layers' names; one without is named after its operator, with the next number that makes it unique.
    private func names(of layers: [LayerDeclaration]) -> [String] {
        var taken = Set(layers.compactMap(\.common.name)).union(values.keys)
        var counts: [String: Int] = [:]
        var names: [String] = []
        names.reserveCapacity(layers.count)
        for layer in layers {
            if let name = layer.common.name {
                names.append(name)
                continue
            }
            var count = counts[layer.op.name, default: 0] + 1
            while !taken.insert("\(layer.op.name)\(count)").inserted { count += 1 }
            counts[layer.op.name] = count
            names.append("\(layer.op.name)\(count)")
        }
        return names
    }

    private func checkUnused(_ name: String, _ location: SourceLocation?) throws {
        guard let place = places[name] else { return }
        var message = "the name '\(name)' is used twice"
        if let place, place == location {
            message += ": give each repetition its own, such as \"\(name){index}\""
        } else if let place {
            message += ", first at line \(place.line)"
        }
        throw TesseraError(.invalidArgument, message)
    }

    private func inputs(
        of layer: LayerDeclaration, _ name: String, previous: Graph.ValueID?, later: [String: SourceLocation?]
    ) throws -> [Graph.ValueID] {
        if let references = layer.common.from {
            return try references.map { reference in
                if let value = values[reference.name] { return value }
                if let place = later[reference.name] {
                    let line = place.map { " at line \($0.line)" } ?? ""
                    throw TesseraError(
                        .invalidArgument,
                        "expected an input or a layer before this one, found '\(reference.name)'\(line)",
                        location: reference.location)
                }
                throw TesseraError(
                    .notFound,
                    "unknown layer or input '\(reference.name)'" + suggestion(for: reference.name, among: values.keys),
                    location: reference.location)
            }
        }
        guard let previous else {
            let inputs = graph.inputs.map(\.name).joined(separator: ", ")
            throw TesseraError(
                .invalidArgument, "the first layer needs 'from:', as there are several inputs: \(inputs)")
        }
        return [previous]
    }
}
