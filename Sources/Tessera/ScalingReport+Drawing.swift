import Foundation
import TesseraCore

extension ScalingReport {
    /// A picture of the speed-up against the number of nodes, with a line for each strategy.
    public func svg() -> String { ScalingChart(self).svg }
}

private struct ScalingChart {
    private static let margin = 24.0
    private static let left = 72.0
    private static let top = 84.0
    private static let chartWidth = 640.0
    private static let chartHeight = 360.0
    private static let letterWidth = 6.65
    private static let lineHeight = 15.0
    /// Okabe and Ito's colours, which those who see few colours can tell apart.
    private static let palette = [
        "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#b8a800", "#7a5195",
    ]

    private let report: ScalingReport
    private let nodes: ClosedRange<Int>
    private let highest: Double

    init(_ report: ScalingReport) {
        self.report = report
        let points = report.lines.flatMap(\.points)
        let counts = points.map(\.nodes)
        nodes = (counts.min() ?? 1)...(counts.max() ?? 1)
        highest = max(points.map(\.speedup).max() ?? 1, 1) * 1.08
    }

    private var right: Double { Self.left + Self.chartWidth }
    private var bottom: Double { Self.top + Self.chartHeight }
    private var labelWidth: Double {
        Double(report.lines.map { label($0).count }.max() ?? 0) * Self.letterWidth + 12
    }

    var svg: String {
        let width = right + labelWidth + Self.margin
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(n(width))" height="\(n(bottom + 56))" \
            viewBox="0 0 \(n(width)) \(n(bottom + 56))" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="11">
            <rect width="100%" height="100%" fill="white"/>
            <text x="\(n(Self.margin))" y="28" font-size="16" font-weight="bold">\(report.network.escapedForXML)</text>
            <text x="\(n(Self.margin))" y="46" fill="#555">\(subtitle.escapedForXML)</text>
            \(axes)
            \(proportional)
            \(report.lines.enumerated().map(draw).joined(separator: "\n"))
            \(labels)
            </svg>

            """
    }

    private var subtitle: String {
        let what = report.pictures == 1 ? "one picture" : "\(report.pictures) pictures"
        return "\(what) by the cost model · 1 is \(report.single.device) alone, "
            + String(format: "%.1f ms", report.single.latency_ms)
    }

    // MARK: Scales

    private func x(_ count: Double) -> Double {
        // A single number of nodes stands in the middle.
        guard nodes.count > 1 else { return Self.left + Self.chartWidth / 2 }
        return Self.left + (count - Double(nodes.lowerBound)) / Double(nodes.count - 1) * Self.chartWidth
    }
    private func y(_ speedup: Double) -> Double { bottom - speedup / highest * Self.chartHeight }

    private var axes: String {
        let step = [0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500].first { highest / $0 <= 9 } ?? highest
        let rows = stride(from: 0, through: highest, by: step).map { value in
            """
            <path d="M\(n(Self.left)) \(n(y(value)))H\(n(right))" stroke="\(value == 0 ? "#888" : "#e4e7ea")"/>\
            <text x="\(n(Self.left - 8))" y="\(n(y(value) + 4))" text-anchor="end" fill="#555">\(String(format: "%g", value))</text>
            """
        }
        let every = max(1, (nodes.count + 15) / 16)
        let columns = nodes.filter { ($0 - nodes.lowerBound).isMultiple(of: every) }.map { count in
            """
            <path d="M\(n(x(Double(count)))) \(n(bottom))v5" stroke="#888"/>\
            <text x="\(n(x(Double(count))))" y="\(n(bottom + 18))" text-anchor="middle" fill="#555">\(count)</text>
            """
        }
        let names = """
            <text x="\(n(Self.left + Self.chartWidth / 2))" y="\(n(bottom + 38))" text-anchor="middle" fill="#555">nodes</text>
            <text x="\(n(Self.left - 8))" y="\(n(Self.top - 8))" text-anchor="end" fill="#555">speed-up</text>
            """
        return (rows + columns + [names]).joined(separator: "\n")
    }

    /// As many times as fast as there are nodes, as far as the picture goes.
    private var proportional: String {
        let (first, last) = (Double(nodes.lowerBound), min(Double(nodes.upperBound), highest))
        guard last > first else { return "" }
        return """
            <path d="M\(n(x(first))) \(n(y(first)))L\(n(x(last))) \(n(y(last)))" stroke="#999" stroke-dasharray="4 4">\
            <title>as many times as fast as there are nodes</title></path>
            """
    }

    // MARK: Lines

    private func colour(_ index: Int) -> String { Self.palette[index % Self.palette.count] }

    private func draw(_ index: Int, _ line: ScalingReport.Line) -> String {
        let points = line.points.map { "\(n(x(Double($0.nodes)))) \(n(y($0.speedup)))" }
        let marks = line.points.map { point in
            let nodes = point.nodes == 1 ? "1 node" : "\(point.nodes) nodes"
            let what = String(format: "%@, %.2f, %.1f ms", nodes, point.speedup, point.latency_ms)
            return """
                <circle cx="\(n(x(Double(point.nodes))))" cy="\(n(y(point.speedup)))" r="3.5" fill="\(colour(index))">\
                <title>\("\(line.strategy), \(what)".escapedForXML)</title></circle>
                """
        }
        guard let first = points.first else { return "" }
        let path = "M" + ([first] + points.dropFirst()).joined(separator: "L")
        return ([#"<path d="\#(path)" fill="none" stroke="\#(colour(index))" stroke-width="2"/>"#] + marks)
            .joined(separator: "\n")
    }

    private func label(_ line: ScalingReport.Line) -> String {
        line.strategy + (line.points.last.map { String(format: " %.2f", $0.speedup) } ?? "")
    }

    /// The names of the lines behind their ends, moved apart where they would cover each other.
    private var labels: String {
        let ends = report.lines.enumerated().compactMap { index, line in
            line.points.last.map { (index: index, line: line, y: y($0.speedup) + 4) }
        }
        .sorted { $0.y < $1.y }
        // From the top down, then back up from below the chart.
        var places = ends.map(\.y)
        for index in places.indices.dropFirst() {
            places[index] = max(places[index], places[index - 1] + Self.lineHeight)
        }
        var limit = bottom + 4
        for index in places.indices.reversed() {
            places[index] = min(places[index], limit)
            limit = places[index] - Self.lineHeight
        }
        return zip(ends, places).map { end, place in
            """
            <text x="\(n(right + 10))" y="\(n(place))" fill="\(colour(end.index))">\(label(end.line).escapedForXML)</text>
            """
        }
        .joined(separator: "\n")
    }

    private func n(_ value: Double) -> String { String(format: "%g", (value * 10).rounded() / 10) }
}
