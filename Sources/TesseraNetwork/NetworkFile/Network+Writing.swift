import TesseraCore

/// Networks as files, for people to read and change.
extension Network {
    /// Writes the network file, and its weights beside it.
    ///
    /// - Parameter weightName: the name of the weight file; that of the network file with `.safetensors` if left out.
    /// - Throws: `inputOutput` if that fails, and what reading the weights throws.
    public func write(to path: String, weightName: String? = nil) throws {
        let file = PathComponents(path)
        let weightName = weightName ?? file.stem + ".safetensors"
        var weights: Configuration?
        if let tensors = try ownWeights() {
            try SafetensorsFile.write(tensors, to: file.folder + weightName)
            weights = weightName.configuration
        }
        let text = fileText(weights: weights)
        try replaceFile(at: path) { try $0.write(text) }
    }

    /// The network as the text of a network file.
    ///
    /// - Parameter weights: what `weights:` says, a file's name; nil for what the network says itself, if that can be said.
    public func fileText(weights: Configuration? = nil) -> String {
        var lines = ["tessera: \(NetworkLoader.version)"]
        lines += YAMLWriter.lines("name", name.configuration)
        lines.append("inputs:")
        for input in graph.inputs {
            let declaration =
                inputs[input.name] ?? InputDeclaration(input.shape, elementType: input.elementType)
            lines += YAMLWriter.lines(input.name, declaration.configuration, indent: "  ")
        }
        let weights = weights ?? self.weights.configuration
        if !weights.isNull { lines += YAMLWriter.lines("weights", weights) }
        lines.append(graph.nodes.isEmpty ? "layers: []" : "layers:")
        for layer in layerEntries() { lines += YAMLWriter.lines(of: layer, indent: "  ") }
        lines += outputLines()
        return lines.joined(separator: "\n") + "\n"
    }

    // MARK: Layers

    /// The layers as entries of `layers:`.
    private func layerEntries() -> [Configuration] {
        let sources = explicitSources()
        let names = writtenNames(referenced: Set(sources.compactMap { $0 }.flatMap { $0 }))
        return zip(graph.nodes, zip(names, sources)).map { node, own in
            var entries: [Configuration.Entry] = []
            if let name = own.0 { entries.append(.init("name", Self.text(name))) }
            if let from = own.1 {
                let references = from.map { Self.text(graph.values[$0].name) }
                entries.append(.init("from", references.count == 1 ? references[0] : Configuration(.list(references))))
            }
            entries += ((try? node.op.configuration.entries()) ?? []).map { .init($0.key, Self.escaped($0.value)) }
            guard !entries.isEmpty else { return node.op.name.configuration }
            return Configuration(.map([.init(node.op.name, Configuration(.map(entries)))]))
        }
    }

    /// What every layer reads, nil for one that simply reads what comes before it.
    private func explicitSources() -> [[Graph.ValueID]?] {
        var previous = graph.inputs.count == 1 ? graph.inputs[0].value : nil
        return graph.nodes.map { node in
            defer { previous = node.outputs.first }
            let usual = node.op.inputCount.lowerBound == 0 ? [] : [previous]
            return node.inputs == usual ? nil : node.inputs
        }
    }

    /// The name of every layer, nil for one that is called so without saying it, has no weights, and that no other refers to.
    private func writtenNames(referenced: Set<Graph.ValueID>) -> [String?] {
        let needed = referenced.union(graph.outputs.map(\.value))
        var isWritten = graph.nodes.map { node in
            node.outputs.contains(where: needed.contains) || !type(of: node.op).parameterNames.isEmpty
                || !node.name.hasPrefix(node.op.name) || !node.name.dropFirst(node.op.name.count).allSatisfy(\.isNumber)
        }
        // A name that is written may change the numbers of others.
        while true {
            let written = zip(graph.nodes, isWritten).filter(\.1).map(\.0.name)
            var automatic = AutomaticNames(taken: Set(written).union(graph.inputs.map(\.name)))
            let wrong = graph.nodes.indices.filter { index in
                !isWritten[index] && automatic.next(graph.nodes[index].op.name) != graph.nodes[index].name
            }
            guard !wrong.isEmpty else { return zip(graph.nodes, isWritten).map { $1 ? $0.name : nil } }
            for index in wrong { isWritten[index] = true }
        }
    }

    // MARK: Outputs

    private func outputLines() -> [String] {
        var entries: [(name: String, value: Configuration)] = []
        let sources = Dictionary(uniqueKeysWithValues: graph.outputs.map { ($0.name, graph.values[$0.value].name) })
        for name in outputNames {
            var declaration = outputs[name] ?? OutputDeclaration()
            if declaration.detect != nil {
                // Layers by the names that they have in the graph.
                let parts = Self.parts(ofDetection: name)
                declaration.detect?.boxes = sources[parts.boxes] ?? ""
                declaration.detect?.scores = sources[parts.scores] ?? ""
            } else {
                declaration.from = sources[name] == name ? nil : sources[name]
            }
            entries.append((name, declaration.shortConfiguration))
        }
        guard entries.contains(where: { !$0.value.isNull }) else {
            return YAMLWriter.lines("outputs", entries.map(\.name).configuration)
        }
        return ["outputs:"] + entries.flatMap { YAMLWriter.lines($0.name, $0.value, indent: "  ") }
    }

    // MARK: Weights

    /// The tensors to write beside the network; nil if it needs none or draws them.
    private func ownWeights() throws -> [String: Tensor]? {
        var tensors: [String: Tensor]
        switch weights {
        case .none: return nil
        // No seed stands for what folding makes.
        case .random: return folding == nil ? nil : try weightsOfLayers()
        case .tensors(let given): tensors = given.filter { isWeight($0.key) }
        case .file:
            guard let file = try store.openedFile() else { return nil }
            tensors = Dictionary(
                uniqueKeysWithValues: try file.names.filter(isWeight).map { ($0, try file.tensor($0)) })
        }
        if let folding { tensors.merge(try folding.tensors(from: store)) { $1 } }
        return tensors
    }

    /// Whether a layer of the network has a weight of that name: a constant whose values are among the layer's keys has none.
    private var isWeight: (String) -> Bool {
        let layers = Set(graph.nodes.filter { ($0.op as? Constant)?.values == nil }.map(\.name))
        return { name in name.lastIndex(of: ".").map { layers.contains(String(name[..<$0])) } ?? false }
    }

    /// A text that a network file reads as this one: braces mean something there.
    private static func text(_ name: String) -> Configuration { TemplateScope.escaped(name).configuration }

    private static func escaped(_ value: Configuration) -> Configuration {
        switch value.content {
        case .string(let text): return self.text(text)
        case .list(let elements): return Configuration(.list(elements.map(escaped)))
        case .map(let entries): return Configuration(.map(entries.map { .init($0.key, escaped($0.value)) }))
        default: return value
        }
    }
}

extension OutputDeclaration {
    /// The keys; their only value if that says it all, nothing if there are none.
    fileprivate var shortConfiguration: Configuration {
        guard case .map(let entries) = configuration.content, let first = entries.first else {
            return Configuration(.null)
        }
        return entries.count == 1 && first.key == Self.shorthandKey ? first.value : configuration
    }
}
