import Foundation
import TesseraCore

extension Plan {
    /// A picture of the plan: for every stage, the maps it reads with the part that each node needs, where overlaps show
    /// darker, and the map it makes with the part that each node owns. What is divided along channels or features is a bar of
    /// them.
    public func svg() -> String {
        PlanDrawing(self).svg()
    }
}

private struct PlanDrawing {
    let plan: Plan
    /// The longer side of a map.
    private let side = 320.0
    private let gap = 70.0
    private let margin = 32.0
    private let heading = 100.0

    init(_ plan: Plan) { self.plan = plan }

    func svg() -> String {
        let columns = (plan.stages.map { inputs(of: $0).count }.max() ?? 0) + 1
        let width = max(640, 2 * margin + Double(columns) * side + Double(columns - 1) * gap)
        var body = [
            text(margin, 40, "plan '\(plan.strategy)', \(plan.nodeCount) nodes", size: 20, weight: "bold"),
            text(
                margin, 64,
                String(
                    format: "redundancy %.3f · speed-up at most %.2f · %@ moved", plan.redundancy, plan.speedupBound,
                    ByteCount(plan.bytesMoved).description), size: 13),
        ]
        if plan.stages.isEmpty { body.append(text(margin, heading + 30, plan.emptinessReason, size: 15)) }
        var height = heading + (plan.stages.isEmpty ? 60 : 0)
        for (index, stage) in plan.stages.enumerated() {
            body += draw(stage, index, top: height)
            height += mapHeight(of: stage) + 90
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(n(width))" height="\(n(height))" \
            viewBox="0 0 \(n(width)) \(n(height))" font-family="Helvetica, Arial, sans-serif">
            <rect width="100%" height="100%" fill="white"/>
            \(body.joined(separator: "\n"))
            </svg>

            """
    }

    private func inputs(of stage: Stage) -> [Graph.ValueID] {
        Set(stage.tiles.flatMap { $0.inputs.map(\.value) }).sorted()
    }

    /// The parts of a value that a stage's nodes read, or own.
    private func regions(of value: Graph.ValueID, in stage: Stage) -> [(node: Int, region: Region)] {
        if value == stage.output { return stage.tiles.map { ($0.node, $0.region) } }
        return stage.tiles.compactMap { tile in
            tile.inputs.first { $0.value == value }.map { (tile.node, $0.region) }
        }
    }

    private func outline(of value: Graph.ValueID, in stage: Stage) -> PlanOutline {
        PlanOutline(plan.graph.shapes[value], regions: regions(of: value, in: stage).map(\.region), side: side)
    }

    private func mapHeight(of stage: Stage) -> Double {
        (inputs(of: stage) + [stage.output]).map { outline(of: $0, in: stage).height }.max() ?? 0
    }

    private func draw(_ stage: Stage, _ index: Int, top: Double) -> [String] {
        let graph = plan.graph.graph
        let name = graph.values[stage.output].name
        var parts = [
            text(
                margin, top + 8, "stage \(index + 1): \(stage.layers.count) layers up to \(name)", size: 14,
                weight: "bold")
        ]
        var x = margin
        let read = inputs(of: stage)
        for value in read {
            let title = "read of \(graph.values[value].name)"
            parts += map(value, in: stage, title: title, x: x, y: top + 24, owned: false)
            x += side
            let middle = top + 24 + mapHeight(of: stage) / 2
            parts.append(
                value == read.last
                    ? arrow(from: x + 14, to: x + gap - 14, y: middle)
                    : text(x + gap / 2, middle + 5, "and", size: 14, anchor: "middle"))
            x += gap
        }
        parts += map(stage.output, in: stage, title: "made of \(name)", x: x, y: top + 24, owned: true)
        return parts
    }

    /// One map with regions of it.
    private func map(
        _ value: Graph.ValueID, in stage: Stage, title: String, x: Double, y: Double, owned: Bool
    ) -> [String] {
        let shape = plan.graph.shapes[value]
        let outline = outline(of: value, in: stage)
        var parts = [
            "<rect x=\"\(n(x))\" y=\"\(n(y))\" width=\"\(n(outline.width))\" height=\"\(n(outline.height))\" fill=\"#f4f4f4\" stroke=\"#999\"/>"
        ]
        for (node, region) in regions(of: value, in: stage) {
            let (columns, rows) = (outline.columns(of: region), outline.rows(of: region))
            let (left, top) = (x + columns.lowerBound, y + rows.lowerBound)
            let (w, h) = (columns.upperBound - columns.lowerBound, rows.upperBound - rows.lowerBound)
            parts.append(
                """
                <rect x="\(n(left))" y="\(n(top))" width="\(n(w))" height="\(n(h))" fill="\(color(node))" \
                fill-opacity="\(owned ? 0.75 : 0.3)" stroke="\(color(node))" stroke-width="\(owned ? 1 : 2)">\
                <title>node \(node + 1): \(region.label(in: shape))</title></rect>
                """)
            if owned, h > 11, w > 20 {
                let label = w > 58 ? "node \(node + 1)" : "\(node + 1)"
                parts.append(text(left + w / 2, top + h / 2 + 4, label, size: 12, anchor: "middle"))
            }
        }
        parts.append(text(x, y + outline.height + 18, "\(title), \(outline.label)", size: 12))
        return parts
    }

    private func arrow(from: Double, to: Double, y: Double) -> String {
        "<path d=\"M \(n(from)) \(n(y)) H \(n(to)) m -8 -5 l 8 5 l -8 5\" fill=\"none\" stroke=\"#555\" stroke-width=\"2\"/>"
    }

    private func text(
        _ x: Double, _ y: Double, _ content: String, size: Int, weight: String = "normal", anchor: String = "start"
    ) -> String {
        "<text x=\"\(n(x))\" y=\"\(n(y))\" font-size=\"\(size)\" font-weight=\"\(weight)\" text-anchor=\"\(anchor)\">\(content.escapedForXML)</text>"
    }

    /// Hues a golden angle apart, so that neighbours differ; as #rrggbb, which every viewer knows.
    private func color(_ node: Int) -> String {
        let hue = (Double(node) * 137.508 + 205).truncatingRemainder(dividingBy: 360) / 60
        let (low, high) = (0.22, 0.86)
        let middle = high - (high - low) * abs(hue.truncatingRemainder(dividingBy: 2) - 1)
        let sectors = [
            (high, middle, low), (middle, high, low), (low, high, middle), (low, middle, high), (middle, low, high),
            (high, low, middle),
        ]
        let (red, green, blue) = sectors[min(Int(hue), 5)]
        return "#" + [red, green, blue].map { String(format: "%02x", Int($0 * 255)) }.joined()
    }

    private func n(_ value: Double) -> String { String(format: "%g", (value * 10).rounded() / 10) }
}
