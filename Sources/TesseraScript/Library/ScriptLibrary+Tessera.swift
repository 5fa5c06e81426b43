import Foundation
import Tessera

extension ScriptLibrary {
    /// The library `tessera`: tensors, pictures, networks, plans, deployments, and modules written in Lua.
    ///
    /// - Parameter modules: what scripts find by name. A script that registers its own adds to a copy.
    public static func tessera(modules: Modules = .builtin) -> ScriptLibrary {
        tessera(ScriptContext(modules: modules))
    }

    static func tessera(_ context: ScriptContext) -> ScriptLibrary {
        ScriptLibrary(
            "tessera", "Networks, and the nodes that run them.",
            functions: [
                tensor, image, load, network(context), op(context), divide, clock, strategies(context), arguments,
                ScriptProgress.make,
            ] + text + modules(context),
            constants: [
                ScriptConstant(
                    "api_level", "integer", "Counts up whenever something is added here; what is there stays.", value: 1
                )
            ],
            types: [
                ScriptTensor.scriptType, ScriptImage.scriptType, ScriptNetwork.scriptType, ScriptPlan.scriptType,
                ScriptDeployment.scriptType, ScriptCostModel.scriptType, ScriptAmountProblem.scriptType,
                ScriptTrainer.scriptType, ScriptData.scriptType, ScriptBatches.scriptType, ScriptProgress.scriptType,
            ], records: [.span, .channelGroup, .histogram, .weightGeometry], whenInstalled: context.adopt)
    }

    private static var tensor: Binding {
        Binding(
            "tensor",
            "tensor{shape?: integer[], fill?: number, values?: table, random?: integer, normal?: integer} -> Tensor",
            "A tensor of f32: all `fill` (0 by default), or `values`, a list of numbers or nested lists that give the shape, "
                + "or numbers in [0, 1) drawn from the seed `random`, or with mean 0 and deviation 1 from the seed `normal`."
        ) { call in
            [.object(ScriptTensor(try ScriptTensor.make(call)))]
        }
    }

    private static var image: Binding {
        Binding("image", "image(path: string) -> Image", "Reads a PNG, JPEG, BMP or WebP file.") { call in
            try call.expectArguments(atMost: 1)
            return [.object(ScriptImage(try Picture(path: call.string(1, "path"))))]
        }
    }

    private static var load: Binding {
        Binding(
            "load", "load(path: string) -> Tensor|table<string, Tensor>",
            "Reads a .npy file as a tensor, or a .safetensors file as a table of tensors by name."
        ) { call in
            try call.expectArguments(atMost: 1)
            let path = try call.string(1, "path")
            switch PathComponents(path).fileExtension {
            case "npy":
                // NumPy's own numbers are f64, those of scripts f32.
                let tensor = try NpyFile.read(path)
                return [.object(ScriptTensor(tensor.elementType == .f64 ? try tensor.convertedToF32() : tensor))]
            case "safetensors":
                let file = try SafetensorsFile(path: path)
                let tensors = try file.names.map { ($0, ScriptValue.object(ScriptTensor(try file.tensor($0)))) }
                return [.table(ScriptTable(entries: Dictionary(uniqueKeysWithValues: tensors)))]
            default:
                throw TesseraError(
                    .invalidArgument, "expected a .npy or .safetensors file, got '\(path)'", path: call.name)
            }
        }
    }

    private static func network(_ context: ScriptContext) -> Binding {
        Binding(
            "network",
            "network(source: string|table, options?: {weights?: string|{random: integer}|table<string, Tensor>, threads?: integer, backend?: string}) -> Network",
            "Reads a network file, or a table that says what such a file would. `weights`, a .safetensors file, a seed, or tensors by "
                + "`LAYER.parameter`, takes the place of the network's own.",
            example: """
                local net = tessera.network{
                  inputs = {image = {shape = {1, 1, "height", "width"}}}, weights = {random = 7},
                  layers = {{conv = {name = "a", channels = 4, kernel = 3, padding = "same"}}, "relu"}, outputs = {"relu1"},
                }
                assert(#net.layers == 2)
                """
        ) { call in
            try call.expectArguments(atMost: 2)
            var options = try call.options(2)
            let weights = try options.take("weights", WeightSource.init(scriptValue:))
            let threads = try options.threads("threads") ?? 1
            let backend = try options.string("backend") ?? Modules.defaultBackend
            try options.finish()
            let network = try load(call, weights: weights, context.modules.loader)
            return [
                .object(
                    ScriptNetwork(
                        network, backend: try context.modules.backends.make(backend), threads: threads, context: context
                    ))
            ]
        }
    }

    private static func load(_ call: ScriptCall, weights: WeightSource?, _ loader: NetworkLoader) throws -> Network {
        guard case .table(var table) = call[1] else {
            guard case .string(let path) = call[1] else {
                return try locatingErrors(path: "\(call.name): argument 1 (source)") {
                    throw call[1].unexpected("a path or a table")
                }
            }
            return try loader.load(path, weights: weights)
        }
        return try locatingErrors(path: call.name) {
            if table["tessera"].isNil { table.entries["tessera"] = .integer(NetworkLoader.version) }
            return try loader.load(ScriptValue.table(table).configuration(), file: "network.yaml", weights: weights)
        }
    }

    private static var divide: Binding {
        Binding(
            "divide", "divide(count: integer, parts: integer) -> integer[][]",
            "The positions 1 to `count` as so many contiguous ranges {first, last}, whose lengths differ by at most one. "
                + "A range is empty, with its last before its first, if there are more parts than positions."
        ) { call in
            try call.expectArguments(atMost: 2)
            let (count, parts) = (try call.integer(1, "count"), try call.integer(2, "parts"))
            guard (0...1 << 40).contains(count), (1...1 << 16).contains(parts) else {
                throw TesseraError(
                    .invalidArgument, "expected a count of at least 0 and 1 to 65536 parts", path: call.name)
            }
            return [.table(ScriptTable(array: (0..<count).divided(into: parts).map(ScriptValue.init(range:))))]
        }
    }

    private static var clock: Binding {
        Binding("clock", "clock() -> number", "Seconds on a clock that only runs forward, to measure durations.") {
            call in
            try call.expectArguments(atMost: 0)
            return [.number(ProcessInfo.processInfo.systemUptime)]
        }
    }

    private static func strategies(_ context: ScriptContext) -> Binding {
        Binding("strategies", "strategies() -> string[]", "The names of all partition strategies.") { call in
            try call.expectArguments(atMost: 0)
            return [.table(ScriptTable(array: context.modules.strategies.names.map(ScriptValue.string)))]
        }
    }
}
