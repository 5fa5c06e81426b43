import Tessera

/// Merging layers, and what half precision can hold.
extension ScriptNetwork {
    static var fold: Binding {
        Binding(
            of: ScriptNetwork.self, "fold", "fold() -> Network",
            "The network with batch normalizations, and arithmetic with constants, merged into the convolutions, transposed "
                + "convolutions and linear layers before them. `run`, `deploy` and `start` do so anyway."
        ) { network, call in
            try call.expectArguments(atMost: 0)
            let folded = try network.network.folded()
            return [
                .object(
                    ScriptNetwork(folded, backend: network.backend, threads: network.threads, context: network.context))
            ]
        }
    }

    static var ranges: Binding {
        Binding(
            of: ScriptNetwork.self, "ranges",
            "ranges{calibrate: table, headroom?: number, fold?: boolean} -> {name: string, kind: string, activation: number, "
                + "weight?: number, variance?: number, verdict: string}[]",
            "Runs the network in f32 on every element of the list `calibrate`, each what `run` takes, and tells the largest "
                + "magnitudes in each layer. The verdict is `overflow` for a layer with a number above 65504, the largest of IEEE "
                + "binary16, `at risk` where activations `headroom` times larger (2 by default) would be, or else `fits`."
        ) { network, call in
            try call.expectArguments(atMost: 1)
            var options = try call.options()
            let inferences = try options.require("calibrate", "a list of inputs") { value in
                let list = try value.requireArray()
                guard !list.isEmpty else { throw TesseraError(.invalidArgument, "expected inputs, got an empty list") }
                return list
            }
            let headroom = try options.number("headroom") ?? 2
            let fold = try options.bool("fold") ?? true
            try options.finish()
            var check = try RangeCheck(
                fold ? network.network.folded() : network.network, headroom: headroom, backend: network.backend,
                threads: network.threads)
            for (index, inputs) in inferences.enumerated() {
                try locatingErrors(within: "option 'calibrate': element \(index + 1)") {
                    try check.observe(network.tensors(from: inputs))
                }
            }
            return [.table(ScriptTable(array: check.layers.map { .table(ScriptTable($0, headroom: headroom)) }))]
        }
    }

    static var save: Binding {
        Binding(
            of: ScriptNetwork.self, "save", "save(folder: string, options?: {force?: boolean})",
            "Writes network.yaml and weights.safetensors into a folder, or weights.tcw if the network was compressed. A network that is "
                + "there is replaced only with `force`.",
            example: """
                \(ScriptLibrary.exampleNetwork)
                -- `folder` is where it goes.
                net:save(folder .. "/small")
                assert(#tessera.network(folder .. "/small/network.yaml").layers == #net.layers)
                """
        ) { network, call in
            try call.expectArguments(atMost: 2)
            let folder = NetworkFolder(try call.string(1, "folder"))
            var options = try call.options(2)
            let force = try options.bool("force") ?? false
            try options.finish()
            try locatingErrors(path: call.name) {
                try folder.check(force: force, hint: "force = true")
                if let compressed = network.compressed {
                    try folder.write(network.network, compressed: compressed)
                } else {
                    try folder.write(network.network)
                }
            }
            return []
        }
    }
}

extension ScriptTable {
    fileprivate init(_ layer: LayerRange, headroom: Double) {
        self.init(entries: [
            "name": .string(layer.name), "kind": .string(layer.kind), "activation": .number(layer.largestActivation),
            "verdict": .string(layer.verdict(headroom: headroom).rawValue),
        ])
        entries["weight"] = layer.largestWeight.map(ScriptValue.number)
        entries["variance"] = layer.largestVariance.map(ScriptValue.number)
    }
}
