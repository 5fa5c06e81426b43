import Tessera

/// What plans cost, as the function of a strategy is given it: what a strategy in Swift makes a `CostModel` for.
final class ScriptCostModel: ScriptObject {
    private let model: CostModel
    private let span: Span

    init(_ model: CostModel, of span: Span) {
        self.model = model
        self.span = span
    }

    var scriptDescription: String { "cost model of \(model.cluster.nodes.count) nodes" }

    static var scriptType: ScriptType {
        ScriptType(
            "CostModel",
            "What plans cost on the nodes at hand; the function of a strategy gets it. A device is a node's number, or \"leader\".",
            methods: [tile, seconds, transfer, simulate],
            properties: [
                Binding(
                    of: ScriptCostModel.self, property: "nodes", "\(deviceType)[]",
                    "The nodes, as the file of the cluster says; all alike without one. `memory` is nil for any amount."
                ) { object in
                    .table(ScriptTable(array: object.model.cluster.nodes.map { .table(ScriptTable($0)) }))
                },
                Binding(
                    of: ScriptCostModel.self, property: "leader", deviceType,
                    "Where pictures arrive and results go; `node` is its number if it is one of the nodes."
                ) { object in
                    var table = ScriptTable(object.model.cluster.leader)
                    if let node = object.model.cluster.leaderNode { table.entries["node"] = .integer(node + 1) }
                    return .table(table)
                },
            ])
    }

    private static let deviceType =
        "{name: string, macs_per_second: number, memory_bandwidth: number, tile_bandwidth: number, tile_time: number, "
        + "speed: number, memory?: number}"

    private static var tile: Binding {
        Binding(
            of: ScriptCostModel.self, "tile",
            "tile{output: string, from?: string[], node?: integer, region?: integer[][], channels?: integer[], rows?: integer[], "
                + "columns?: integer[]} -> table",
            "What making a part of a value takes if the values in `from` are there already: `region`, `inputs` and `layers`, the "
                + "regions by name, `macs`, `bytes_in`, `bytes_out`, and `seconds` on the node, the first if left out."
        ) { object, call in
            try call.expectArguments(atMost: 1)
            var options = try call.options()
            let span = object.span
            let output = try options.require("output", "what is made") {
                try span.cutPoint(named: $0.requireString())
            }
            let available = try options.take("from") {
                try Set($0.requireArray().map { try span.cutPoint(named: $0.requireString()) })
            }
            let node = try options.take("node", object.node) ?? 0
            let region = try options.region(of: Region(whole: span.graph.shapes[output]))
            try options.finish()
            let layers = span.layers(making: output, from: (available ?? []).subtracting([output]))
            guard !region.isEmpty, Region(whole: span.graph.shapes[output]).contains(region) else {
                throw TesseraError(
                    .invalidArgument, "expected a region inside \(span.graph.shapes[output]), got \(region)",
                    path: call.name)
            }
            let tile = try locatingErrors(path: call.name) {
                try span.tile(region, of: output, layers: layers, on: node)
            }
            return [object.table(of: tile)]
        }
    }

    private func table(of tile: Tile) -> ScriptValue {
        let graph = span.graph.graph
        let inputs = tile.inputs.map { (graph.values[$0.value].name, ScriptValue($0.region)) }
        let layers = tile.layers.map { layer in
            (graph.values[graph.nodes[layer.node].outputs[layer.output]].name, ScriptValue(layer.region))
        }
        return [
            "region": ScriptValue(tile.region),
            "inputs": .table(ScriptTable(entries: Dictionary(uniqueKeysWithValues: inputs))),
            "layers": .table(ScriptTable(entries: Dictionary(uniqueKeysWithValues: layers))),
            "macs": .integer(tile.convolutionMultiplyAccumulates(in: graph)),
            "bytes_in": .integer(tile.inputByteCount), "bytes_out": .integer(tile.outputByteCount),
            "seconds": .number(model.seconds(of: tile)),
        ]
    }

    private static var seconds: Binding {
        Binding(
            of: ScriptCostModel.self, "seconds", "seconds(layers: string[], device: integer|\"leader\") -> number",
            "What whole layers take on a device."
        ) { object, call in
            try call.expectArguments(atMost: 2)
            let names = try call.table(1, "layers").array
            let ids = try locatingErrors(path: "\(call.name): argument 1 (layers)") {
                try names.map { try object.layer(named: $0.requireString()) }
            }
            return [.number(object.model.seconds(ofWhole: ids.sorted(), at: try object.endpoint(call, 2)))]
        }
    }

    private static var transfer: Binding {
        Binding(
            of: ScriptCostModel.self, "transfer",
            "transfer(bytes: integer, from: integer|\"leader\", to: integer|\"leader\") -> number",
            "The seconds until so many bytes have gone from one device to another."
        ) { object, call in
            try call.expectArguments(atMost: 3)
            let bytes = try call.integer(1, "bytes")
            guard bytes >= 0 else {
                throw TesseraError(.invalidArgument, "expected at least 0 bytes, got \(bytes)", path: call.name)
            }
            let (source, destination) = (try object.endpoint(call, 2), try object.endpoint(call, 3))
            return [.number(object.model.seconds(ofTransfer: bytes, from: source, to: destination))]
        }
    }

    private static var simulate: Binding {
        Binding(
            of: ScriptCostModel.self, "simulate", "simulate(stages: table[], pictures?: integer) -> table",
            "What a list of stages, as a strategy returns it, would come to: what `net:simulate` gives."
        ) { object, call in
            try call.expectArguments(atMost: 2)
            let pictures = call[2].isNil ? 1 : try call.integer(2, "pictures")
            let reading = StageReading(
                span: object.span, nodes: object.model.cluster.nodes.count, path: call.name)
            let stages = try reading.stages(.table(try call.table(1, "stages")))
            let plan = try Plan(
                object.model.graph, nodes: object.model.cluster.nodes.count, choices: stages, strategy: "script")
            let (report, _) = try SimulationReport.make(plan, model: object.model, pictures: pictures)
            return [ScriptValue(report)]
        }
    }

    // MARK: What scripts call layers and devices

    private func layer(named name: String) throws -> Graph.NodeID {
        let graph = span.graph.graph
        guard let id = graph.nodes.firstIndex(where: { $0.name == name }) else {
            throw TesseraError(
                .notFound, "unknown layer '\(name)'" + suggestion(for: name, among: graph.nodes.map(\.name)))
        }
        return id
    }

    private func endpoint(_ call: ScriptCall, _ position: Int) throws -> Int {
        try locatingErrors(path: "\(call.name): argument \(position) (device)") {
            if call[position] == "leader" { return model.cluster.leaderEndpoint }
            return try node(call[position])
        }
    }

    private func node(_ value: ScriptValue) throws -> Int {
        let (number, count) = (try value.requireInteger(), model.cluster.nodes.count)
        guard (1...count).contains(number) else {
            throw TesseraError(.invalidArgument, "expected a node from 1 to \(count), got \(number)")
        }
        return number - 1
    }
}

extension ScriptTable {
    fileprivate init(_ device: Device) {
        self.init(entries: [
            "name": .string(device.name), "macs_per_second": .number(device.multiplyAccumulatesPerSecond),
            "memory_bandwidth": .number(device.memoryBandwidth), "tile_bandwidth": .number(device.tileBandwidth),
            "tile_time": .number(device.tileTime), "speed": .number(device.speed),
            "memory": device.memory.map(ScriptValue.number) ?? .nil,
        ])
    }
}
