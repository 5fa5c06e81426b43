import Foundation
import TesseraCore

extension Plan: CustomStringConvertible {
    /// A table that a person reads: for every stage, what each node reads, makes and costs, and the coordinates of its
    /// sub-map after every layer that changes them.
    public var description: String {
        var lines = ["plan '\(strategy)' for \(count(nodeCount, "node")): \(count(stages.count, "stage"))"]
        guard !stages.isEmpty else {
            let reason = notes.isEmpty ? emptinessReason + ": " : ""
            return ([lines[0] + "\n\(reason)the leader runs all \(count(graph.graph.nodes.count, "layer"))"] + notes)
                .joined(separator: "\n") + "\n"
        }
        lines[0] += String(
            format: ", redundancy %.3f, speed-up at most %.2f, %@ moved through the leader or %@ between nodes",
            redundancy, speedupBound, ByteCount(bytesMoved).description, ByteCount(bytesExchanged).description)
        for (index, stage) in stages.enumerated() { lines += ["", heading(index, stage)] + table(of: stage).lines }
        let idle = nodeCount - busyNodes.count
        if idle > 0, notes.isEmpty {
            lines += ["", "\(count(idle, "node")) of \(nodeCount) stay idle: there is nothing left to cut for them"]
        }
        let rest = remainingLayers
        if !rest.isEmpty {
            let names = rest.map { graph.graph.nodes[$0].name }
            lines += [
                "",
                "then the leader runs "
                    + (names.count <= 4 ? names.joined(separator: ", ") : count(names.count, "layer")),
            ]
        }
        if !notes.isEmpty { lines += [""] + notes }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Why there are no stages.
    var emptinessReason: String {
        let span = try? Span(graph)
        return span?.output == nil ? "nothing can be cut in space" : "the strategy cuts nothing"
    }

    /// Tiles that a table shows; JSON has all.
    private static let columnLimit = 16

    private func heading(_ index: Int, _ stage: Stage) -> String {
        let name = graph.graph.values[stage.output].name
        let shape = graph.shapes[stage.output]
        return
            "stage \(index + 1): \(count(stage.layers.count, "layer")) up to '\(name)', output \(shape)"
            + (shape.rank == 4 ? "; sub-maps as (x,y) of the top-left and bottom-right pixel" : "")
    }

    private func table(of stage: Stage) -> TextTable {
        let tiles = stage.tiles.prefix(Self.columnLimit)
        var table = TextTable(header: ["layer"] + tiles.map { "node \($0.node + 1)" })
        let inputs = Set(tiles.flatMap { $0.inputs.map(\.value) }).sorted()
        for value in inputs {
            table.add(
                ["reads \(graph.graph.values[value].name)"]
                    + tiles.map { tile in
                        tile.inputs.first { $0.value == value }?.region.label(in: graph.shapes[value]) ?? "-"
                    })
        }
        var previous: [String] = []
        for id in stage.layers {
            let labels = tiles.map { tile in
                tile.layers.first { $0.node == id }.map { layer in
                    layer.region.label(in: graph.shapes[graph.graph.nodes[id].outputs[layer.output]])
                } ?? "-"
            }
            let isLast = graph.graph.nodes[id].outputs.contains(stage.output)
            if labels != previous || isLast {
                table.add([(isLast ? "owns " : "") + graph.graph.nodes[id].name] + labels)
            }
            previous = labels
        }
        let macs = tiles.map {
            String(format: "%.1f M", Double($0.convolutionMultiplyAccumulates(in: graph.graph)) / 1e6)
        }
        table.add(["MACs"] + macs)
        table.add(["in"] + tiles.map { ByteCount($0.inputByteCount).description })
        table.add(["out"] + tiles.map { ByteCount($0.outputByteCount).description })
        if stage.tiles.count > tiles.count { table.add(["and \(stage.tiles.count - tiles.count) more tiles"]) }
        return table
    }

    private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
