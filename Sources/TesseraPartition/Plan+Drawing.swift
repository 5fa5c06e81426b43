import Foundation
import TesseraCore

extension Plan {
    /// A picture of the plan: for every stage, the maps it reads with the part that each node needs, where overlaps show
    /// darker, and the map it makes with the part that each node owns.
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
        if plan.stages.isEmpty { body.append(text(margin, heading + 30, "nothing can be cut in space", size: 15)) }
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

    private func scale(of shape: Shape) -> Double { side / Double(max(shape[2], shape[3])) }

    private func mapHeight(of stage: Stage) -> Double {
        (inputs(of: stage) + [stage.output]).map { value in
            let shape = plan.graph.shapes[value]
            return Double(shape[2]) * scale(of: shape)
        }.max() ?? 0
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
            let regions = stage.tiles.compactMap { tile in
                tile.inputs.first { $0.value == value }.map { (tile.node, $0.region) }
            }
            parts += map(plan.graph.shapes[value], regions, title: title, x: x, y: top + 24, owned: false)
            x += side
            let middle = top + 24 + mapHeight(of: stage) / 2
            parts.append(
                value == read.last
                    ? arrow(from: x + 14, to: x + gap - 14, y: middle)
                    : text(x + gap / 2, middle + 5, "and", size: 14, anchor: "middle"))
            x += gap
        }
        let owned = stage.tiles.map { ($0.node, $0.region) }
        parts += map(plan.graph.shapes[stage.output], owned, title: "made of \(name)", x: x, y: top + 24, owned: true)
        return parts
    }

    /// One map with regions of it.
    private func map(
        _ shape: Shape, _ regions: [(node: Int, region: Region)], title: String, x: Double, y: Double, owned: Bool
    ) -> [String] {
        let (height, width) = (Double(shape[2]), Double(shape[3]))
        let scale = scale(of: shape)
        var parts = [
            "<rect x=\"\(n(x))\" y=\"\(n(y))\" width=\"\(n(width * scale))\" height=\"\(n(height * scale))\" fill=\"#f4f4f4\" stroke=\"#999\"/>"
        ]
        for (node, region) in regions {
            let (rows, columns) = (region[2], region[3])
            let (left, top) = (x + Double(columns.lowerBound) * scale, y + Double(rows.lowerBound) * scale)
            let (w, h) = (Double(columns.count) * scale, Double(rows.count) * scale)
            parts.append(
                """
                <rect x="\(n(left))" y="\(n(top))" width="\(n(w))" height="\(n(h))" fill="\(color(node))" \
                fill-opacity="\(owned ? 0.75 : 0.3)" stroke="\(color(node))" stroke-width="\(owned ? 1 : 2)">\
                <title>node \(node + 1): \(region.pixelLabel)</title></rect>
                """)
            if owned, h > 11, w > 20 {
                let label = w > 58 ? "node \(node + 1)" : "\(node + 1)"
                parts.append(text(left + w / 2, top + h / 2 + 4, label, size: 12, anchor: "middle"))
            }
        }
        parts.append(text(x, y + height * scale + 18, "\(title), \(shape[3])x\(shape[2])x\(shape[1])", size: 12))
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
