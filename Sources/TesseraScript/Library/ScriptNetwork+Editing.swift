import Foundation
import Tessera

/// Looking into networks, and changing them.
extension ScriptNetwork {
    static var editing: [Binding] { [document, weights, inspect, export, evaluate] }

    private static var document: Binding {
        Binding(
            of: ScriptNetwork.self, "document", "document() -> table",
            "What a network file says of the network, without weights: change it and give it to `tessera.network`, with `net:weights()`.",
            example: """
                local net = tessera.network{
                  inputs = {image = {shape = {1, 1, 8, 8}}}, weights = {random = 1},
                  layers = {{conv = {name = "a", channels = 2, kernel = 3}}, {relu = {name = "b"}}}, outputs = {"b"},
                }
                local file = net:document()
                file.layers[2] = {tanh = {name = "b"}}
                local changed = tessera.network(file, {weights = net:weights()})
                assert(changed.layers[2].kind == "tanh")
                """
        ) { network, call in
            try call.expectArguments(atMost: 0)
            let text = network.network.fileText()
            var table = try ScriptValue(YAMLReader.parse(text, file: network.network.name)).requireTable()
            table.entries["weights"] = nil
            return [.table(table)]
        }
    }

    private static var weights: Binding {
        Binding(
            of: ScriptNetwork.self, "weights", "weights() -> table<string, Tensor>",
            "The weights that the network has, by `LAYER.parameter`."
        ) { network, call in
            try call.expectArguments(atMost: 0)
            let own = try locatingErrors(path: call.name) { try network.network.weightsOfLayers() }
            try call.limits.check(bytes: own.values.reduce(0) { $0 + $1.byteCount }, for: "all weights")
            return [.table(ScriptTable(entries: own.mapValues { .object(ScriptTensor($0)) }))]
        }
    }

    private static var inspect: Binding {
        Binding(
            of: ScriptNetwork.self, "inspect", "inspect(options?: {inputs?: table}) -> table",
            "What `tessera inspect --json` prints: layers with shapes, parameters and multiply-accumulates. `inputs` gives shapes, or tensors "
                + "or pictures of them, where the network leaves sizes open other than the batch.",
            example: """
                local net = tessera.network{
                  inputs = {x = {shape = {1, 3}}}, weights = {random = 1}, layers = {{linear = {name = "y", features = 2}}}, outputs = {"y"},
                }
                assert(net:inspect().parameters == 3 * 2 + 2)
                """
        ) { network, call in
            try call.expectArguments(atMost: 1)
            var options = try call.options()
            let shapes = try options.take("inputs", network.shapes) ?? [:]
            try options.finish()
            return try locatingErrors(path: call.name) {
                let bound = try network.network.boundWithoutWeights(inputs: network.singleShapes(shapes))
                return [try ScriptValue(encoding: InspectionReport(network.network, bound))]
            }
        }
    }

    private static var export: Binding {
        Binding(
            of: ScriptNetwork.self, "export", "export(path: string, options?: {sizes?: table<string, integer>})",
            "Writes the network as an ONNX model. `sizes` gives sizes to check it with in place of names that leave them open."
        ) { network, call in
            try call.expectArguments(atMost: 2)
            let path = try call.string(1, "path")
            guard PathComponents(path).fileExtension == "onnx" else {
                throw TesseraError(.invalidArgument, "expected a path named .onnx, got '\(path)'", path: call.name)
            }
            var options = try call.options(2)
            var exporter = ONNXExporter()
            exporter.sizes =
                try options.take("sizes") { try $0.requireNamed().mapValues { try $0.requireInteger() } } ?? [:]
            try options.finish()
            try locatingErrors(path: call.name) { try exporter.write(network.network, to: path) }
            return []
        }
    }

    private static var evaluate: Binding {
        Binding(
            of: ScriptNetwork.self, "evaluate",
            "evaluate(config: string|table) -> {count: integer, loss: number, accuracy?: number, psnr?: number}",
            "How good the network is on the pictures that a training file, or a table with the same keys, has to test with."
        ) { network, call in
            try call.expectArguments(atMost: 1)
            let file = try locatingErrors(within: "\(call.name): argument 1 (config)") {
                try TrainingFile(scriptValue: call[1])
            }
            let result = try locatingErrors(path: call.name) {
                try file.evaluate(
                    network.network, backend: network.backend, threads: network.threads)
            }
            return [
                [
                    "count": .integer(result.count), "loss": .number(result.loss),
                    "accuracy": result.accuracy.map(ScriptValue.number) ?? .nil,
                    "psnr": result.psnr.map(ScriptValue.number) ?? .nil,
                ]
            ]
        }
    }
}

extension ScriptValue {
    /// A report as its JSON would have it.
    init(encoding report: some Encodable) throws {
        self.init(try JSONDecoder().decode(Configuration.self, from: JSONEncoder().encode(report)))
    }
}
