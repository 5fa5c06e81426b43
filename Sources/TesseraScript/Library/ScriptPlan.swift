import Foundation
import Tessera

/// A plan as scripts hold it. `print(plan)` shows the table a person reads.
final class ScriptPlan: ScriptObject {
    let plan: Plan

    init(_ plan: Plan) { self.plan = plan }

    var scriptDescription: String {
        let text = plan.description
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    static var scriptType: ScriptType {
        ScriptType(
            "Plan", "Who computes what. Printing it shows every node's part of every layer.",
            methods: [
                Binding(of: ScriptPlan.self, "svg", "svg(path: string)", "Draws the plan into an .svg file.") {
                    plan, call in
                    try call.expectArguments(atMost: 1)
                    try plan.draw(to: call.string(1, "path"))
                    return []
                }
            ],
            properties: [
                Binding(of: ScriptPlan.self, property: "strategy", "string", "The name of the strategy that made it.") {
                    .string($0.plan.strategy)
                },
                Binding(of: ScriptPlan.self, property: "nodes", "integer", "How many nodes it is for.") {
                    .integer($0.plan.nodeCount)
                },
                Binding(
                    of: ScriptPlan.self, property: "redundancy", "number",
                    "Multiply-accumulate operations of all parts over those of the whole; 1 if nothing is done twice."
                ) { .number($0.plan.redundancy) },
                Binding(
                    of: ScriptPlan.self, property: "speedup_bound", "number",
                    "The largest possible speed-up over one node, if moving data cost nothing."
                ) { .number($0.plan.speedupBound) },
                Binding(
                    of: ScriptPlan.self, property: "throughput_bound", "number",
                    "How many times as many inferences a second as one node's at most, with one under way in every stage."
                ) { .number($0.plan.throughputBound) },
                Binding(
                    of: ScriptPlan.self, property: "bytes_moved", "integer",
                    "Bytes to and from the nodes' parts if all goes through the leader."
                ) { .integer($0.plan.bytesMoved) },
                Binding(
                    of: ScriptPlan.self, property: "bytes_exchanged", "integer",
                    "Bytes to and from the nodes' parts if nodes send each other what is missing."
                ) { .integer($0.plan.bytesExchanged) },
                Binding(
                    of: ScriptPlan.self, property: "memory_bytes", "integer[]",
                    "What each node needs: the weights of its parts, and the most that values take at any one time."
                ) { .table(ScriptTable(array: $0.plan.memory.map { .integer($0.total) })) },
                Binding(
                    of: ScriptPlan.self, property: "notes", "string[]", "What the strategy has to say of it."
                ) { .table(ScriptTable(array: $0.plan.notes.map(ScriptValue.string))) },
                Binding(
                    of: ScriptPlan.self, property: "stages",
                    "{output: string, layers: string[], tiles: {node: integer, region: integer[][], macs: integer}[]}[]",
                    "The stages. A region is a range {first, last} for every axis, counted from 1."
                ) { $0.stages },
            ])
    }

    private var stages: ScriptValue {
        let graph = plan.graph.graph
        return .table(
            ScriptTable(
                array: plan.stages.map { stage in
                    [
                        "output": .string(graph.values[stage.output].name),
                        "layers": .table(ScriptTable(array: stage.layers.map { .string(graph.nodes[$0].name) })),
                        "tiles": .table(
                            ScriptTable(
                                array: stage.tiles.map { tile in
                                    [
                                        "node": .integer(tile.node + 1), "region": ScriptValue(tile.region),
                                        "macs": .integer(tile.convolutionMultiplyAccumulates(in: graph)),
                                    ]
                                })),
                    ]
                }))
    }

    private func draw(to path: String) throws {
        guard PathComponents(path).fileExtension == "svg" else {
            throw TesseraError(.invalidArgument, "expected a path that ends in .svg, got '\(path)'", path: "svg")
        }
        do {
            try Data(plan.svg().utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw TesseraError(.inputOutput, "cannot write '\(path)'", cause: error)
        }
    }
}
