import Foundation
import TesseraCore

extension BoundGraph {
    /// A picture of the network, from its inputs at the top to its outputs at the bottom: boxes with a line for every layer
    /// (what it is, its name, what shape it makes), a new box where the way branches or a layer with weights begins.
    ///
    /// - Parameter title: what stands above.
    /// - Throws: `limitExceeded` if the network is too large.
    public func svg(title: String) throws -> String { try NetworkDrawing(self).svg(title: title) }
}

private struct NetworkDrawing {
    /// Layers that follow one another, or an input or output.
    private struct Box {
        enum Kind { case input, layers, output }

        struct Line {
            var type: String
            var name: String
            var shape: String
            /// Everything there is to say, for those who point at it.
            var details: String
            var colour: String
        }

        var kind: Kind
        var lines: [Line]
        var sources: [Int]
        var width: Double { lines.map(NetworkDrawing.width).max() ?? 0 }
        var height: Double { Double(lines.count) * NetworkDrawing.lineHeight }
    }

    private static let lineHeight = 20.0
    private static let margin = 24.0
    private static let heading = 56.0
    private static let letterWidth = 6.65
    private static let nameLimit = 40

    private let graph: BoundGraph
    private var boxes: [Box] = []

    init(_ graph: BoundGraph) {
        self.graph = graph
        makeBoxes()
    }

    // MARK: Boxes

    private mutating func makeBoxes() {
        let source = graph.graph
        let consumers = source.consumers
        let shown = Set(source.outputs.map(\.value))
        var boxOfValue: [Graph.ValueID: Int] = [:]
        for input in source.inputs {
            boxOfValue[input.value] = boxes.count
            boxes.append(box(.input, "input", input.name, input.value))
        }
        let (counts, costs) = (graph.parameterCounts, graph.multiplyAccumulates)
        for (id, node) in source.nodes.enumerated() {
            let line = line(of: node, parameters: counts[id], cost: costs[id])
            if costs[id] == 0, node.inputs.count == 1, let input = node.inputs.first, consumers[input].count == 1,
                !shown.contains(input), let box = boxOfValue[input], boxes[box].kind == .layers,
                source.values[input].producer.map({ source.nodes[$0].outputs.count }) == 1
            {
                boxes[box].lines.append(line)
                for output in node.outputs { boxOfValue[output] = box }
                continue
            }
            for output in node.outputs { boxOfValue[output] = boxes.count }
            boxes.append(Box(kind: .layers, lines: [line], sources: node.inputs.compactMap { boxOfValue[$0] }))
        }
        for output in source.outputs {
            var box = box(.output, "output", output.name, output.value)
            box.sources = boxOfValue[output.value].map { [$0] } ?? []
            boxes.append(box)
        }
    }

    private func box(_ kind: Box.Kind, _ type: String, _ name: String, _ value: Graph.ValueID) -> Box {
        let shape = "\(graph.shapes[value])"
        let line = Box.Line(
            type: type, name: name, shape: shape, details: "\(name): \(shape) \(graph.elementTypes[value])",
            colour: "#333")
        return Box(kind: kind, lines: [line], sources: [])
    }

    private func line(of node: Graph.Node, parameters count: Int, cost: Int) -> Box.Line {
        let shapes = node.outputs.map { "\(graph.shapes[$0])" }
        let keys = node.op.configuration.flow
        var details = [
            "\(node.name): \(node.op.name)\(keys == "{}" ? "" : " " + keys)", shapes.joined(separator: ", "),
        ]
        if count > 0 { details.append("\(count) parameters") }
        if cost > 0 { details.append("\(cost) MACs") }
        return Box.Line(
            type: node.op.name, name: Self.shortened(node.name), shape: shapes.first ?? "",
            details: details.joined(separator: "\n"), colour: cost > 0 ? "#1a56a8" : count > 0 ? "#7a3a9a" : "#444")
    }

    /// A long name by its end, which tells it from others.
    private static func shortened(_ name: String) -> String {
        name.count <= nameLimit ? name : "…" + name.suffix(nameLimit - 1)
    }

    private static func width(of line: Box.Line) -> Double {
        Double(line.type.count + line.name.count + line.shape.count + 6) * letterWidth + 12
    }

    // MARK: Drawing

    func svg(title: String) throws -> String {
        let layout = try LayeredLayout(
            boxes.map { LayeredLayout.Box(width: $0.width, height: $0.height, sources: $0.sources) })
        let width = max(layout.width + 2 * Self.margin, Double(title.count) * 12 + 2 * Self.margin, 320)
        let height = layout.height + Self.heading + Self.margin
        let shift = (width - layout.width) / 2
        let parameters = graph.parameterCounts.reduce(0, Shape.saturatingSum)
        let cost = graph.multiplyAccumulates.reduce(0, Shape.saturatingSum)
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(n(width))" height="\(n(height))" \
            viewBox="0 0 \(n(width)) \(n(height))" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="11">
            <rect width="100%" height="100%" fill="white"/>
            <text x="\(n(Self.margin))" y="26" font-size="16" font-weight="bold">\(title.escapedForXML)</text>
            <text x="\(n(Self.margin))" y="43" fill="#555">\(graph.graph.nodes.count) layers, \
            \(Self.count(parameters)) parameters, \(Self.count(cost)) MACs</text>
            <g transform="translate(\(n(shift)) \(n(Self.heading)))">
            \(draw(layout.edges).joined(separator: "\n"))
            \(zip(boxes, layout.positions).map(draw).joined(separator: "\n"))
            </g>
            </svg>

            """
    }

    private func draw(_ edges: [LayeredLayout.Edge]) -> [String] {
        // Edges into one box end beside one another, in the order of where they come from.
        var ends: [Int: [Int]] = [:]
        for (index, edge) in edges.enumerated() { ends[edge.target, default: []].append(index) }
        return edges.enumerated().map { index, edge in
            var points = edge.points
            let others = (ends[edge.target] ?? []).sorted {
                let (a, b) = (edges[$0].points, edges[$1].points)
                return (a[a.count - 2].x, $0) < (b[b.count - 2].x, $1)
            }
            let room = min(16, boxes[edge.target].width / Double(others.count + 1))
            let place = Double(others.firstIndex(of: index) ?? 0) - Double(others.count - 1) / 2
            points[points.count - 1].x += place * room
            return draw(points)
        }
    }

    private func draw(_ points: [LayeredLayout.Point]) -> String {
        var path = "M\(n(points[0].x)) \(n(points[0].y))"
        for (a, b) in zip(points, points.dropFirst()) {
            let middle = (a.y + b.y) / 2
            path +=
                a.x == b.x
                ? "V\(n(b.y))" : "C\(n(a.x)) \(n(middle)) \(n(b.x)) \(n(middle)) \(n(b.x)) \(n(b.y))"
        }
        let end = points[points.count - 1]
        return """
            <path d="\(path)" fill="none" stroke="#888" stroke-width="1.2"/>\
            <path d="M\(n(end.x - 3.5)) \(n(end.y - 6))h7l-3.5 6z" fill="#888"/>
            """
    }

    private func draw(_ box: Box, at position: LayeredLayout.Point) -> String {
        let (width, height) = (box.width, box.height)
        let (left, top) = (position.x - width / 2, position.y)
        let isEnd = box.kind != .layers
        var parts = [
            """
            <rect x="\(n(left))" y="\(n(top))" width="\(n(width))" height="\(n(height))" rx="\(isEnd ? 10 : 3)" \
            fill="\(isEnd ? "#e8f1e4" : "#f7f8fa")" stroke="\(isEnd ? "#6a9a5a" : "#9aa4b0")"/>
            """
        ]
        for (index, line) in box.lines.enumerated() {
            let y = top + Double(index) * Self.lineHeight
            let baseline = n(y + 14)
            if index > 0 {
                parts.append("<path d=\"M\(n(left)) \(n(y))h\(n(width))\" stroke=\"#dde1e6\"/>")
            }
            parts.append(
                """
                <g><title>\(line.details.escapedForXML)</title>\
                <text x="\(n(left + 8))" y="\(baseline)" fill="\(line.colour)" font-weight="bold">\(line.type.escapedForXML)\
                <tspan dx="8" fill="#111" font-weight="normal">\(line.name.escapedForXML)</tspan></text>\
                <text x="\(n(left + width - 8))" y="\(baseline)" text-anchor="end" fill="#555">\(line.shape.escapedForXML)</text></g>
                """)
        }
        return parts.joined(separator: "\n")
    }

    private static func count(_ value: Int) -> String {
        for (size, unit) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] where Double(value) >= size {
            return String(format: "%.2f %@", Double(value) / size, unit)
        }
        return "\(value)"
    }

    private func n(_ value: Double) -> String { String(format: "%g", (value * 10).rounded() / 10) }
}
