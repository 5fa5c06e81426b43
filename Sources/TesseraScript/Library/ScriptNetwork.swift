import Tessera

/// A network as scripts hold it: it remembers what it was last compiled for.
final class ScriptNetwork: ScriptObject {
    let network: Network
    let context: ScriptContext
    let backend: any KernelBackend
    let threads: Int
    private var bound: (key: CompileKey, graph: BoundGraph)?
    private var session: (key: CompileKey, session: StagedSession)?

    /// What a network is bound and compiled for.
    private struct CompileKey: Equatable {
        var shapes: [String: Shape]
        var fold: Bool
    }

    init(_ network: Network, backend: any KernelBackend, threads: Int, context: ScriptContext) {
        self.network = network
        self.backend = backend
        self.threads = threads
        self.context = context
    }

    var scriptDescription: String {
        let inputs = network.graph.inputs.map { "\($0.name) \($0.shape)" }.joined(separator: ", ")
        let outputs = network.graph.outputs.map(\.name).joined(separator: ", ")
        return "network '\(network.name)': \(network.graph.nodes.count) layers, from \(inputs) to \(outputs)"
    }

    static var scriptType: ScriptType {
        ScriptType(
            "Network", "A network that can be run, planned and deployed.",
            methods: [run, plan, deploy, start, fold, ranges, save],
            properties: [
                Binding(of: ScriptNetwork.self, property: "name", "string", "Its name.") { .string($0.network.name) },
                Binding(
                    of: ScriptNetwork.self, property: "inputs", "table<string, (integer|string)[]>",
                    "The shape of every input; a size that is a name is bound when an input arrives."
                ) { network in
                    let shapes = network.network.graph.inputs.map { ($0.name, ScriptValue($0.shape)) }
                    return .table(ScriptTable(entries: Dictionary(uniqueKeysWithValues: shapes)))
                },
                Binding(of: ScriptNetwork.self, property: "outputs", "string[]", "The names of the outputs.") {
                    .table(ScriptTable(array: $0.network.graph.outputs.map { .string($0.name) }))
                },
                Binding(
                    of: ScriptNetwork.self, property: "layers",
                    "{name: string, kind: string, options: table, inputs: string[]}[]",
                    "All layers, in order of execution."
                ) { network in
                    let graph = network.network.graph
                    return .table(ScriptTable(array: graph.nodes.map { .table(ScriptTable(layer: $0, of: graph)) }))
                },
            ])
    }

    // MARK: Running

    private static var run: Binding {
        Binding(
            of: ScriptNetwork.self, "run",
            "run(inputs: Tensor|Image|string|table<string, Tensor|Image|string|boolean>) -> Tensor|table<string, Tensor>",
            "Runs one inference on inputs by name, or on the only input: tensors, pictures, or paths of such. Gives the output, or a "
                + "table of them by name if there are several. `fold = false` among the inputs runs the network as it is written, "
                + "see `net:fold`."
        ) { network, call in
            try call.expectArguments(atMost: 1)
            let (inputs, fold) = Self.takingFold(call[1])
            let tensors = try locatingErrors(path: call.name) { try network.tensors(from: inputs) }
            let session = try network.session(for: CompileKey(shapes: tensors.mapValues(\.shape), fold: fold))
            return [network.result(try session.run(tensors))]
        }
    }

    /// The inputs without `fold`, which is no input since it is a truth value.
    private static func takingFold(_ value: ScriptValue) -> (inputs: ScriptValue, fold: Bool) {
        guard case .table(var table) = value, case .bool(let fold)? = table.entries["fold"] else {
            return (value, true)
        }
        table.entries["fold"] = nil
        return (.table(table), fold)
    }

    /// The graph for inputs of these shapes.
    func graph(for shapes: [String: Shape], fold: Bool) throws -> BoundGraph {
        let key = CompileKey(shapes: shapes, fold: fold)
        if let bound, bound.key == key { return bound.graph }
        let graph = try (fold ? network.folded() : network).bound(inputs: shapes)
        bound = (key, graph)
        return graph
    }

    private func session(for key: CompileKey) throws -> StagedSession {
        if let session, session.key == key { return session.session }
        let compiled = try network.session(
            inputs: key.shapes, backend: backend, options: CompileOptions(threads: threads), fold: key.fold)
        session = (key, compiled)
        return compiled
    }

    /// What a script gets for the outputs: the only one, or all by name.
    func result(_ outputs: [String: Tensor]) -> ScriptValue {
        let objects = outputs.map { name, tensor in
            (name, ScriptValue.object(ScriptTensor(tensor, shownAs: network.outputs[name])))
        }
        if objects.count == 1, let only = objects.first { return only.1 }
        return .table(ScriptTable(entries: Dictionary(uniqueKeysWithValues: objects)))
    }
}
