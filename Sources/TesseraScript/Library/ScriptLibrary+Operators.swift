import Tessera

extension ScriptLibrary {
    static func op(_ context: ScriptContext) -> Binding {
        Binding(
            "op",
            "op(kind: string, inputs: Tensor|Tensor[], options?: {weights?: table<string, Tensor>, threads?: integer, backend?: string, [string]: any}) -> Tensor, ...",
            "Computes one operator, as a layer of that kind in a network file would. `options` are the keys of the layer, whose axes count from "
                + "0 as in files; `weights` are its parameters. Gives the outputs.",
            example: """
                local x = tessera.tensor{values = {{1, 2}, {3, 4}}}
                assert(tessera.op("transpose", x) == tessera.tensor{values = {{1, 3}, {2, 4}}})
                local y = tessera.op("linear", x, {features = 1, bias = false, weights = {weight = tessera.tensor{values = {{1, -1}}}}})
                assert(y == tessera.tensor{values = {{-1}, {-1}}})
                """
        ) { call in
            try call.expectArguments(atMost: 3)
            let kind = try call.string(1, "kind")
            let inputs: [Tensor]
            if case .table = call[2] {
                let list = try locatingErrors(path: "\(call.name): argument 2 (inputs)") { try call[2].requireArray() }
                inputs = try list.enumerated().map { index, value in
                    try locatingErrors(path: "\(call.name): argument 2 (inputs): \(index + 1)") {
                        try value.requireObject(ScriptTensor.self).tensor
                    }
                }
            } else {
                inputs = [try call.object(ScriptTensor.self, 2, "inputs").tensor]
            }
            var options = try call.options(3)
            let weights = try options.take("weights") { try [String: Tensor](scriptValue: $0) } ?? [:]
            let threads = try options.threads("threads") ?? 1
            let backend = try options.string("backend") ?? Modules.defaultBackend
            let keys = try options.rest()
            return try locatingErrors(path: call.name) {
                let op = DirectOperator(try context.modules.operators.make(kind, keys))
                let outputs = try op.run(
                    inputs, weights: weights, backend: context.modules.backends.make(backend), threads: threads,
                    limits: call.limits)
                return outputs.map { .object(ScriptTensor($0)) }
            }
        }
    }
}

extension [String: Tensor] {
    /// Tensors by name.
    init(scriptValue: ScriptValue) throws {
        self = try scriptValue.requireNamed().reduce(into: [:]) { result, entry in
            result[entry.key] = try locatingErrors(path: entry.key) {
                try entry.value.requireObject(ScriptTensor.self).tensor
            }
        }
    }
}
