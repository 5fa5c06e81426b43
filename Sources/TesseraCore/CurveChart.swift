import Foundation

/// Curves over one axis, as SVG.
public struct CurveChart: Sendable {
    public struct Curve: Sendable {
        public let name: String
        public let points: [(Double, Double)]

        public init(name: String, points: [(Double, Double)]) { (self.name, self.points) = (name, points) }
    }

    static let width = 420
    static let height = 300
    /// Okabe and Ito's colours, which those who see few colours can tell apart.
    private static let colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"]

    public let title: String
    /// What the horizontal axis is.
    public let axis: String
    public let curves: [Curve]

    public init(title: String, axis: String, curves: [Curve]) {
        (self.title, self.axis, self.curves) = (title, axis, curves)
    }

    /// A picture of charts side by side.
    public static func svg(title: String, _ charts: [CurveChart]) -> String {
        let width = charts.count * CurveChart.width
        let drawn = charts.enumerated().map { $1.svg(x: $0 * CurveChart.width, y: 40) }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(CurveChart.height + 40)" \
            viewBox="0 0 \(width) \(CurveChart.height + 40)" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="11">
            <rect width="100%" height="100%" fill="white"/>
            <text x="24" y="28" font-size="16" font-weight="bold">\(title.escapedForXML)</text>
            \(drawn.joined(separator: "\n"))
            </svg>

            """
    }

    private func svg(x: Int, y: Int) -> String {
        let drawn = curves.filter { !$0.points.isEmpty }
        let all = drawn.flatMap(\.points)
        let (left, right, top, bottom) = (64.0, Double(Self.width) - 20, 36.0, Double(Self.height) - 36)
        var lowest = all.map(\.1).min() ?? 0
        var highest = all.map(\.1).max() ?? 1
        if highest - lowest < 1e-9 { (lowest, highest) = (lowest - 0.5, highest + 0.5) }
        let first = all.map(\.0).min() ?? 1
        let end = all.map(\.0).max() ?? 1
        let last = end > first ? end : first + 1
        func place(_ point: (Double, Double)) -> (Double, Double) {
            (
                left + (point.0 - first) / (last - first) * (right - left),
                bottom - (point.1 - lowest) / (highest - lowest) * (bottom - top)
            )
        }
        var parts = [
            "<g transform=\"translate(\(x),\(y))\">", "<text x=\"\(left)\" y=\"18\">\(title.escapedForXML)</text>",
        ]
        for step in 0...4 {
            let value = lowest + (highest - lowest) * Double(step) / 4
            let height = place((first, value)).1
            parts.append(
                "<line x1=\"\(left)\" y1=\"\(n(height))\" x2=\"\(right)\" y2=\"\(n(height))\" stroke=\"#ddd\"/>"
                    + "<text x=\"\(left - 6)\" y=\"\(n(height + 4))\" text-anchor=\"end\">\(String(format: "%.4g", value))</text>"
            )
        }
        let middle = (first + last) / 2
        let isWhole = all.allSatisfy { $0.0 == $0.0.rounded() }
        for value in Set([first, isWhole ? middle.rounded() : middle, last]).sorted() {
            let across = place((value, lowest)).0
            parts.append(
                "<text x=\"\(n(across))\" y=\"\(n(bottom + 18))\" text-anchor=\"middle\">\(axis.escapedForXML) \(String(format: "%.4g", value))</text>"
            )
        }
        for (index, curve) in drawn.enumerated() {
            let colour = Self.colours[index % Self.colours.count]
            let places = curve.points.map(place)
            let path = places.map { "\(n($0.0)),\(n($0.1))" }.joined(separator: " ")
            parts.append("<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\"/>")
            parts += places.map { "<circle cx=\"\(n($0.0))\" cy=\"\(n($0.1))\" r=\"2.5\" fill=\"\(colour)\"/>" }
            parts.append(
                "<text x=\"\(n(right - 80))\" y=\"\(18 + 14 * index)\" fill=\"\(colour)\">\(curve.name.escapedForXML)</text>"
            )
        }
        return (parts + ["</g>"]).joined(separator: "\n")
    }

    private func n(_ value: Double) -> String { String(format: "%.1f", value) }
}
