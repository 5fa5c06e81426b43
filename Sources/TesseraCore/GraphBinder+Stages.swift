extension GraphBinder {
    /// A graph of which only a part can be bound before something has run.
    public struct Parts {
        /// What can be bound: it makes every value that the rest reads, and what network outputs it can, by value name.
        public let head: BoundGraph
        /// The network's outputs that the head makes: the names of its values by the names of the outputs.
        public let outputs: [String: String]
        /// The other layers; the inputs are values of the head, by name.
        public let tail: Graph
        /// The inputs of the tail whose values must be known when it is bound.
        public let known: Set<String>
    }

    /// Cuts the graph between what can be bound now and what cannot.
    public func parts() throws -> Parts {
        var binder = self
        var tail = Graph()
        var values: [Graph.ValueID: Graph.ValueID] = [:]
        var known: Set<String> = []
        var made: Set<Graph.ValueID> = []

        func make(_ value: Graph.ValueID) throws -> String {
            let name = source.values[value].name
            if made.insert(value).inserted { try binder.graph.addOutput(name, binder.boundValue(value)) }
            return name
        }
        for id in unbound {
            let node = source.nodes[id]
            for value in node.inputs where values[value] == nil {
                guard let meaning = meanings[value] else { continue }
                let name = try make(value)
                let bound = try binder.boundValue(value)
                values[value] = try tail.addInput(
                    name, shape: SymbolicShape(binder.shapes[bound]), elementType: binder.elementTypes[bound])
                if case .known = meaning { known.insert(name) }
                if unknown.contains(value) { known.insert(name) }
            }
            let first = try tail.addNode(
                node.name, node.op, inputs: node.inputs.compactMap { values[$0] }, location: node.location)
            for (offset, value) in node.outputs.enumerated() { values[value] = first + offset }
        }
        for alias in source.aliases {
            if let value = values[alias.value] { try tail.addAlias(alias.name, kind: alias.kind, of: value) }
        }
        var outputs: [String: String] = [:]
        for output in source.outputs {
            if meanings[output.value] != nil {
                outputs[output.name] = try make(output.value)
            } else if let value = values[output.value] {
                try tail.addOutput(output.name, value)
            }
        }
        let head = BoundGraph(
            graph: binder.graph, shapes: binder.shapes, elementTypes: binder.elementTypes,
            parameters: binder.parameters)
        return Parts(head: head, outputs: outputs, tail: tail, known: known)
    }
}
