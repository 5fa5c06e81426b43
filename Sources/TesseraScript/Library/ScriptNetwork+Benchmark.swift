import Foundation
import Tessera

/// Measuring a network, and in which numbers it computes.
extension ScriptNetwork {
    static var bench: Binding {
        Binding(
            of: ScriptNetwork.self, "bench",
            "bench{seconds?: number, warm_up?: integer, threads?: integer, precision?: string, layer_precision?: table, "
                + "fold?: boolean, tune?: boolean, profile?: boolean, inputs?: table} -> table",
            "Measures how long an inference takes. Gives a table with the keys of `tessera bench --json`: median_ms, p90_ms, runs, …, "
                + "and with `profile` also layers. `inputs` gives shapes where the network leaves sizes open, or tensors or "
                + "pictures of them; only a batch that is open is 1. load_ms is the time of compiling alone.",
            example: """
                \(ScriptLibrary.exampleNetwork)
                local report = net:bench{seconds = 0.01}
                assert(report.runs >= 1 and report.median_ms <= report.p90_ms)
                """
        ) { network, call in
            try call.expectArguments(atMost: 1)
            var options = try call.options()
            let seconds = try options.take("seconds") { value in
                let seconds = try value.requireNumber()
                let limit = min(call.limits.seconds ?? .infinity, 86_400)
                guard (0...limit).contains(seconds) else {
                    throw TesseraError(.invalidArgument, "expected 0 to \(Int(limit)) seconds, got \(seconds)")
                }
                return seconds
            }
            var benchmark = Benchmark(
                options: CompileOptions(threads: try options.threads("threads") ?? network.threads),
                seconds: seconds ?? 1)
            benchmark.warmUp = try options.integer("warm_up") ?? benchmark.warmUp
            let settings = try options.settings()
            benchmark.options.precision = settings.precision
            (benchmark.fold, benchmark.tune) = (settings.fold, settings.tune)
            benchmark.isProfiled = try options.bool("profile") ?? false
            let shapes = try options.take("inputs", network.shapes) ?? [:]
            try options.finish()
            let report = try locatingErrors(path: call.name) {
                try network.requireRoom(for: network.singleShapes(shapes), within: call.limits)
                return try benchmark.measure(
                    network.network, inputs: network.randomInputs(shapes), backend: network.backend)
            }
            return [try ScriptValue(encoding: report)]
        }
    }

    /// Random inputs, of one where only the batch is open.
    private func randomInputs(_ shapes: [String: Shape]) throws -> [String: Tensor] {
        try network.randomInputs(singleShapes(shapes))
    }

    /// The shapes of inputs, of one where only the batch is open.
    func singleShapes(_ shapes: [String: Shape]) -> [String: Shape] {
        var shapes = shapes
        for input in network.graph.inputs where shapes[input.name] == nil {
            let declared = network.inputs[input.name]?.shape ?? input.shape
            guard declared.concrete == nil, declared.dimensions.count > 1 else { continue }
            shapes[input.name] = SymbolicShape([.fixed(1)] + declared.dimensions.dropFirst()).concrete
        }
        return shapes
    }

    /// How a table of inputs wants the network to run, and the inputs. An input goes before an option of its name.
    func splitSettings(from value: ScriptValue, of callName: String) throws -> (ScriptValue, RunSettings) {
        let inputs = network.graph.inputs.map(\.name)
        guard case .table(var table) = value, !table.entries.keys.allSatisfy(inputs.contains) else {
            return (value, RunSettings())
        }
        var given: [String: ScriptValue] = [:]
        for name in ["precision", "layer_precision", "fold", "tune"] where !inputs.contains(name) {
            given[name] = table.entries.removeValue(forKey: name)
        }
        if given.isEmpty { return (value, RunSettings()) }
        var options = NamedOptions(given, of: callName)
        let settings = try options.settings()
        try locatingErrors(path: callName) { try settings.precision.check(against: network.graph) }
        return (.table(table), settings)
    }
}

/// How a script wants a network to run.
struct RunSettings: Sendable, Hashable {
    var precision = PrecisionChoice()
    var fold = true
    var tune = false
}

extension NamedOptions {
    /// Takes `precision`, `layer_precision`, `fold` and `tune`.
    mutating func settings() throws -> RunSettings {
        RunSettings(precision: try precision(), fold: try bool("fold") ?? true, tune: try bool("tune") ?? false)
    }

    /// Takes `precision`, a name, and `layer_precision`, a table of names by layer.
    mutating func precision() throws -> PrecisionChoice {
        let base = try take("precision") { try PrecisionChoice(configuration: $0.configuration()) }
        var choice = base ?? PrecisionChoice()
        let layers = try take("layer_precision") { value in
            try value.requireNamed().mapValues { try Precision(configuration: $0.configuration()) }
        }
        choice.layers.merge(layers ?? [:]) { $1 }
        return choice
    }
}
