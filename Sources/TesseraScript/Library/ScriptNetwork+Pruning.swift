import Foundation
import Tessera

/// Making a network smaller.
extension ScriptNetwork {
    static var prune: Binding {
        Binding(
            of: ScriptNetwork.self, "prune",
            "prune{metric?: string|table, amount?: string|table, round_to?: integer, keep?: string[], schedule?: string|table, "
                + "retrain?: string|table, samples?: string|table, inputs?: table, latency?: boolean} -> Network, table",
            "Removes the channels that matter least. The options are those of a pruning file; a metric or rule with options is a "
                + "table such as `{metric = \"random\", seed = 4}` and `{rule = \"ratio\", ratio = 0.3}`. `inputs` gives shapes, or "
                + "tensors or pictures of them, where the network leaves sizes open other than the batch. Gives the smaller network, and a "
                + "table with what `tessera prune --json` prints; latencies are measured if `latency` is true.",
            example: """
                \(ScriptLibrary.exampleNetwork)
                local small, report = net:prune{metric = "l2", amount = {rule = "ratio", ratio = 0.5}}
                assert(report.layers[1].channels_after == 4 and small:weights()["b.weight"]:shape()[2] == 4)
                """
        ) { network, call in
            try call.expectArguments(atMost: 1)
            var options = try call.options()
            let shapes = try options.take("inputs", network.shapes) ?? [:]
            let retraining = try options.take("retrain") { value in
                let file = try TrainingFile(scriptValue: value)
                try file.requireOutput()
                return file
            }
            let isTimed = try options.bool("latency") ?? false
            try options.expectRest(among: PruningFile.keys.map(\.description.name).filter { $0 != "tessera" })
            let entries = try options.rest().entries() + [.init("tessera", 1.configuration)]
            let result = try locatingErrors(path: call.name) {
                let settings = try PruningFile(configuration: Configuration(.map(entries)))
                var pruning = try NetworkPruning(
                    network.network, settings, shapes: network.singleShapes(shapes),
                    modules: network.context.modules.loading(plugins: settings.plugins),
                    backend: network.backend, threads: network.threads)
                pruning.retraining = retraining
                if !isTimed { pruning.latencySeconds = nil }
                return try pruning.run()
            }
            return [
                .object(
                    ScriptNetwork(
                        result.network, backend: network.backend, threads: network.threads, context: network.context)),
                try ScriptValue(encoding: result.report),
            ]
        }
    }
}
