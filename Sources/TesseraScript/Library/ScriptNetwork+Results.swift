import Tessera

/// What the outputs of a network show.
extension ScriptNetwork {
    static var results: Binding {
        Binding(
            of: ScriptNetwork.self, "results",
            "results(inputs: Tensor|Image|string|table<string, Tensor|Image|string>) -> table<string, table[]>",
            "Runs one inference and tells what the outputs show that the network file declares as classes or detections: by output, a list "
                + "of classes with `class`, `label` and `score`, or of objects, as in `tessera run --json`. Boxes count in pixels of the "
                + "picture that was given."
        ) { network, call in
            try call.expectArguments(atMost: 1)
            return try locatingErrors(path: call.name) {
                let inputs = try network.inputs(from: call[1])
                let session = try network.session(for: inputs.shapes, RunSettings(), within: call.limits)
                let report = try NetworkReport(network.network, of: session.run(inputs.tensors), for: inputs)
                return [try ScriptValue(encoding: report.entries)]
            }
        }
    }

    /// Inputs with the pictures that they were made of.
    private func inputs(from value: ScriptValue) throws -> NetworkInputs {
        var result = NetworkInputs(tensors: try tensors(from: value))
        var given = [String: ScriptValue]()
        if case .table(let table) = value {
            given = table.entries
        } else if let only = network.graph.inputs.first?.name {
            given = [only: value]
        }
        for (name, value) in given {
            switch value {
            case .object(let image as ScriptImage): result.pictures[name] = image.picture
            case .string(let path): result.pictures.merge(try network.readInputs(["\(name)=\(path)"]).pictures) { $1 }
            default: break
            }
        }
        return result
    }
}
