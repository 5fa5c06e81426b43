import TesseraCore

extension ONNXModel {
    /// The graph in terms of Tessera's layers.
    ///
    /// - Throws: `notSupported` with every node that cannot be converted and why, one a line; `malformedFile` if the graph is
    ///   not as ONNX demands.
    package func imported() throws -> ImportedGraph {
        let graph = proto.graph
        let weights = try weights()
        if let sparse = graph.sparseInitializer.first {
            throw TesseraError(.notSupported, "the sparse initializer '\(sparse.values.name)' is not supported")
        }
        let given = graph.input.filter { weights[$0.name] == nil }
        var problems = ImportProblems()
        let inputs = try InputImport().inputs(given, problems: &problems)
        let outputs = graph.output.map(\.name)
        let nodes = try FunctionInlining(proto).inlined()
        let order = try NodeOrder(nodes.map(\.proto), known: given.map(\.name) + Array(weights.keys))
            .nodes(neededFor: outputs)
        let stated = try InputImport.facts(graph.valueInfo + graph.output)
        let importer = GraphImporter(inputs: inputs, stated: stated)
        for input in given where importer.value(input.name) == nil {
            importer.define(input.name, as: .value(reference: input.name, facts: ValueFacts()))
        }
        for index in order {
            let node = nodes[index]
            problems.collect(node.proto) {
                try Self.convert(node, weights: weights, importer: importer)
            }
            // What a node that failed would have made is still there for those after it, so that they are looked at, too.
            for name in node.proto.output where importer.value(name) == nil && !name.isEmpty {
                importer.define(name, as: .value(reference: name, facts: ValueFacts()))
            }
        }
        try problems.throwIfAny()
        let inputNames = Set(inputs.map(\.name))
        let results = try outputs.map { name in
            ImportedGraph.Output(
                name: name, value: try Self.output(name, inputs: inputNames, weights: weights, importer: importer))
        }
        return ImportedGraph(name: graph.name, inputs: inputs, layers: importer.layers, outputs: results)
            .withoutUnusedLayers()
    }

    /// The initializers by name.
    private func weights() throws -> [String: StoredTensor] {
        try initializers.reduce(into: [:]) { weights, tensor in
            guard weights.updateValue(tensor, forKey: tensor.name) == nil else {
                throw TesseraError(.malformedFile, "there are two initializers '\(tensor.name)'")
            }
        }
    }

    private static func convert(
        _ node: FunctionInlining.Node, weights: [String: StoredTensor], importer: GraphImporter
    ) throws {
        let proto = node.proto
        let inputs = try proto.input.map { name in
            name.isEmpty ? nil : try operand(name, weights: weights, importer: importer)
        }
        let converter = try NodeConverters.converter(for: proto, opset: node.opset)
        let conversion = NodeImport(proto, opset: node.opset, scope: node.scope, inputs: inputs, importer: importer)
        let outputs = try conversion.converted(by: converter)
        for (index, name) in proto.output.enumerated() where !name.isEmpty {
            guard outputs.indices.contains(index) else {
                throw TesseraError(.notSupported, "its output \(index) '\(name)'")
            }
            importer.define(name, as: outputs[index])
        }
    }

    /// What the value `name` is; an initializer's elements are read when they are first used.
    private static func operand(
        _ name: String, weights: [String: StoredTensor], importer: GraphImporter
    ) throws -> Operand {
        if let operand = importer.value(name) { return operand }
        guard let weight = weights[name] else {
            throw TesseraError(.malformedFile, "its input '\(name)' is made by nothing")
        }
        let operand = Operand.constant(Operand.Constant(name: name, tensor: try weight.tensor()))
        importer.define(name, as: operand)
        return operand
    }

    private static func output(
        _ name: String, inputs: Set<String>, weights: [String: StoredTensor], importer: GraphImporter
    ) throws -> String {
        let operand = try locatingErrors(path: "output '\(name)'") {
            try Self.operand(name, weights: weights, importer: importer)
        }
        let reference = try importer.reference(to: operand, for: LayerNames.sanitized(name))
        guard inputs.contains(reference), reference != name else { return reference }
        return try importer.reference(
            to: importer.addIdentity(operand, named: LayerNames.sanitized(name)), for: "identity")
    }
}

extension ImportedGraph {
    /// The same graph without layers that no output depends on.
    func withoutUnusedLayers() -> ImportedGraph {
        var needed = Set(outputs.map(\.value))
        var kept: [Layer] = []
        for layer in layers.reversed() where layer.outputs.contains(where: needed.contains) {
            needed.formUnion(layer.inputs)
            kept.append(layer)
        }
        return ImportedGraph(name: name, inputs: inputs, layers: kept.reversed(), outputs: outputs)
    }
}
