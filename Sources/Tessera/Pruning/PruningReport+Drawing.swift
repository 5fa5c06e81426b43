import Foundation
import TesseraCore

extension PruningReport {
    /// The saliency curve of every dependency group, with what was pruned and where it was cut.
    public func svg() -> String { SaliencyChart(self).svg }
}

private struct SaliencyChart {
    private static let margin = 24.0
    private static let top = 66.0
    private static let columns = 4
    private static let panelWidth = 210.0
    private static let panelHeight = 110.0
    private static let gap = 22.0
    private static let titleHeight = 30.0
    private static let keptColour = "#0072b2"
    private static let prunedColour = "#d55e00"

    private let report: PruningReport

    init(_ report: PruningReport) { self.report = report }

    private var columns: Int { min(Self.columns, max(1, report.groups.count)) }
    private var rows: Int { (report.groups.count + columns - 1) / columns }
    private var width: Double {
        max(560, 2 * Self.margin + Double(columns) * (Self.panelWidth + Self.gap) - Self.gap)
    }
    private var height: Double {
        Self.top + Double(rows) * (Self.panelHeight + Self.titleHeight + Self.gap) + Self.margin
    }

    var svg: String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" width="\(n(width))" height="\(n(height))" \
        viewBox="0 0 \(n(width)) \(n(height))" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="11">
        <rect width="100%" height="100%" fill="white"/>
        <text x="\(n(Self.margin))" y="28" font-size="16" font-weight="bold">\(report.network.escapedForXML)</text>
        <text x="\(n(Self.margin))" y="46" fill="#555">\(subtitle.escapedForXML)</text>
        \(report.groups.enumerated().map(panel).joined(separator: "\n"))
        </svg>

        """
    }

    private var subtitle: String {
        let factor = report.after.macs > 0 ? Double(report.before.macs) / Double(report.after.macs) : 1
        return "saliency by \(report.metric), cut by \(report.amount) · " + String(format: "%.2fx fewer MACs", factor)
    }

    /// One curve: a bar for each channel group, in ascending order.
    private func panel(_ index: Int, _ group: PruningReport.Group) -> String {
        let left = Self.margin + Double(index % columns) * (Self.panelWidth + Self.gap)
        let top =
            Self.top + Double(index / columns) * (Self.panelHeight + Self.titleHeight + Self.gap) + Self.titleHeight
        let bottom = top + Self.panelHeight
        let (low, high) = (min(0, group.saliencies.first ?? 0), max(group.saliencies.last ?? 0, 1e-30))
        let scale = Self.panelHeight / max(high - low, 1e-30)
        let step = Self.panelWidth / Double(max(1, group.saliencies.count))
        func y(_ value: Double) -> Double { bottom - (value - low) * scale }
        let bars = group.saliencies.enumerated().map { rank, value in
            let (x, upper, lower) = (left + Double(rank) * step, y(max(value, 0)), y(min(value, 0)))
            return """
                <rect x="\(n(x))" y="\(n(upper))" width="\(n(max(step - 0.5, 0.5)))" height="\(n(max(lower - upper, 0.5)))" \
                fill="\(group.is_pruned[rank] ? Self.prunedColour : Self.keptColour)"><title>\
                \(rank + 1) of \(group.saliencies.count): \(String(format: "%.5g", value))</title></rect>
                """
        }
        let cut = left + Double(group.pruned) * step
        return """
            <g><text x="\(n(left))" y="\(n(top - 18))" font-weight="bold">\(shortened(group.name).escapedForXML)\
            <title>\(group.layers.joined(separator: ", ").escapedForXML)</title></text>
            <text x="\(n(left))" y="\(n(top - 5))" fill="#555" font-size="10">\(group.saliencies.count) → \
            \(group.saliencies.count - group.pruned), up to \(String(format: "%.3g", high))</text>
            \(bars.joined(separator: "\n"))
            <path d="M\(n(left)) \(n(y(0)))h\(n(Self.panelWidth))" stroke="#888"/>
            <path d="M\(n(cut)) \(n(top))V\(n(bottom))" stroke="#333" stroke-dasharray="3 3"><title>cut</title></path></g>
            """
    }

    /// A long name by its end, which tells it from others.
    private func shortened(_ name: String) -> String { name.count <= 30 ? name : "…" + name.suffix(29) }
    private func n(_ value: Double) -> String { String(format: "%g", (value * 10).rounded() / 10) }
}
