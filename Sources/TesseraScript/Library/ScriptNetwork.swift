import Tessera

/// A network as scripts hold it: it remembers what it was compiled for.
final class ScriptNetwork: ScriptObject {
    let network: Network
    let context: ScriptContext
    let backend: any KernelBackend
    let threads: Int
    /// What `save` writes in place of the weights; nil for the weights themselves.
    var compressed: CompressedWeights?
    private var bound: (shapes: [String: Shape], fold: Bool, graph: BoundGraph)?
    private var sessions = SessionCache<CompileKey>()

    private struct CompileKey: Hashable {
        var shapes: [String: Shape]
        var settings: RunSettings
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
            methods: [
                run, results, plan, compare, simulate, deploy, start, bench, fold, prune, quantize, compress, ranges,
                save,
                train, trainer, data,
            ] + editing,
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
                + "table of them by name if there are several. Beside the inputs, the table may have `precision` (f32, bf16 or f16), "
                + "`layer_precision`, a table of those of single layers, `fold = false` to run the network as it is written, see "
                + "`net:fold`, and `tune = true` to measure kernels first, unless an input has that name.",
            example: """
                \(ScriptLibrary.exampleNetwork)
                local image = tessera.tensor{shape = {1, 1, 8, 8}, random = 2}
                local exact = net:run(image)
                assert(exact:shape()[2] == 2)
                assert(net:run{image = image, precision = "bf16"}:difference(exact) < 0.1)
                """
        ) { network, call in
            try call.expectArguments(atMost: 1)
            let (inputs, settings) = try network.splitSettings(from: call[1], of: call.name)
            let tensors = try locatingErrors(path: call.name) { try network.tensors(from: inputs) }
            let session = try network.session(for: tensors.mapValues(\.shape), settings, within: call.limits)
            return [network.result(try session.run(tensors))]
        }
    }

    /// The graph for inputs of these shapes; a batch that is left open is 1.
    func graph(for shapes: [String: Shape], fold: Bool) throws -> BoundGraph {
        let shapes = singleShapes(shapes)
        if let bound, bound.shapes == shapes, bound.fold == fold { return bound.graph }
        let graph = try (fold ? network.folded() : network).bound(inputs: shapes)
        bound = (shapes, fold, graph)
        return graph
    }

    func session(
        for shapes: [String: Shape], _ settings: RunSettings, within limits: ScriptLimits
    ) throws -> StagedSession {
        try sessions.session(for: CompileKey(shapes: shapes, settings: settings)) {
            try requireRoom(for: shapes, within: limits)
            return try network.session(
                inputs: shapes, backend: backend,
                options: CompileOptions(threads: threads, precision: settings.precision), fold: settings.fold,
                tune: settings.tune)
        }
    }

    /// - Throws: `limitExceeded` if all weights, or what some layer alone reads and makes, take more than the script may.
    func requireRoom(for shapes: [String: Shape], within limits: ScriptLimits) throws {
        guard let graph = try? network.boundWithoutWeights(inputs: shapes) else { return }
        try limits.check(
            bytes: Shape.saturatingProduct(graph.weightCount(), MemoryLayout<Float>.stride), for: "holding all weights")
        for node in graph.graph.nodes {
            let bytes = (node.inputs + node.outputs).reduce(0) { Shape.saturatingSum($0, graph.byteCount(of: $1)) }
            try limits.check(bytes: bytes, for: "what layer '\(node.name)' reads and makes")
        }
    }

    /// - Throws: `limitExceeded` if all values between layers, which training keeps with their gradients, and weights, gradients and what
    ///   optimizers remember take more than the script may.
    func requireRoomToTrain(for shapes: [String: Shape], within limits: ScriptLimits) throws {
        guard let graph = try? network.boundWithoutWeights(inputs: shapes) else { return }
        let activations = graph.graph.values.indices.reduce(0) { Shape.saturatingSum($0, graph.byteCount(of: $1)) }
        try limits.check(
            bytes: Shape.saturatingSum(
                Shape.saturatingProduct(2, activations),
                Shape.saturatingProduct(graph.weightCount(), 4 * MemoryLayout<Float>.stride)),
            for: "training with batches of \(shapes.values.first.map { "\($0)" } ?? "no input")")
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

extension BoundGraph {
    /// The numbers that all layers' weights have.
    fileprivate func weightCount() throws -> Int {
        try graph.nodes.reduce(0) { sum, node in
            try node.op.parameters(for: inputShapes(of: node)).reduce(sum) {
                Shape.saturatingSum($0, $1.shape.elementCount)
            }
        }
    }
}
