import Foundation
import TesseraCore

extension BenchmarkReport {
    /// A chart of the profile: a bar for each layer in the order of the network, as long as its kernels take and coloured by its kind,
    /// with what its copies take behind it; a legend with the totals above.
    ///
    /// - Throws: `invalidArgument` without a profile.
    public func svg() throws -> String {
        guard let profile else {
            throw TesseraError(.invalidArgument, "expected a report with the times of layers, found one without")
        }
        return ProfileChart(self, profile).svg
    }
}

private struct ProfileChart {
    private static let margin = 24.0
    private static let rowHeight = 18.0
    private static let barHeight = 12.0
    private static let barWidth = 440.0
    private static let figureWidth = 250.0
    private static let letterWidth = 6.65
    private static let nameLimit = 44
    private static let legendWidth = 230.0
    /// Okabe and Ito's colours, which those who see few colours can tell apart, and greys for what is left.
    private static let palette = [
        "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#b8a800", "#7a5195", "#8c6d46",
    ]
    private static let otherColour = "#666666"
    private static let copyColour = "#c8ccd2"

    private let report: BenchmarkReport
    private let profile: NetworkProfile
    private let colours: [String: String]
    private let nameWidth: Double
    /// What a bar of full length stands for.
    private let longest: Double

    init(_ report: BenchmarkReport, _ profile: NetworkProfile) {
        (self.report, self.profile) = (report, profile)
        let names = zip(profile.totals.map(\.operatorName), Self.palette)
        colours = Dictionary(names, uniquingKeysWith: { first, _ in first })
        let letters = profile.layers.map { Self.shortened(Self.label(of: $0)).count }.max() ?? 0
        nameWidth = max(60, Double(letters) * Self.letterWidth)
        longest = max(profile.layers.map { $0.milliseconds + $0.copies }.max() ?? 0, 1e-9)
    }

    private var barLeft: Double { Self.margin + nameWidth + 10 }
    private var width: Double {
        let heading = max(Double(report.network.count) * 10, Double(subtitle.count) * Self.letterWidth)
        return max(barLeft + Self.barWidth + Self.figureWidth, Self.margin + heading) + Self.margin
    }

    var svg: String {
        let (legend, legendHeight) = legend(top: 62)
        let top = 62 + legendHeight + 26
        let bottom = top + Double(profile.layers.count) * Self.rowHeight
        let height = bottom + Self.margin
        let rows = profile.layers.enumerated().map { index, layer in
            draw(layer, top: top + Double(index) * Self.rowHeight)
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(n(width))" height="\(n(height))" \
            viewBox="0 0 \(n(width)) \(n(height))" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="11">
            <rect width="100%" height="100%" fill="white"/>
            <text x="\(n(Self.margin))" y="26" font-size="16" font-weight="bold">\(report.network.escapedForXML)</text>
            <text x="\(n(Self.margin))" y="44" fill="#555">\(subtitle.escapedForXML)</text>
            \(legend)
            \(scale(top: top, bottom: bottom))
            \(rows.joined(separator: "\n"))
            </svg>

            """
    }

    private var subtitle: String {
        let figures = [
            "median \(time(report.timings.median)) of \(report.timings.count) runs",
            "kernels \(time(profile.kernelMilliseconds))", "copies \(time(profile.copyMilliseconds))",
            report.gflops.map { String(format: "%.1f GFLOP/s", $0) }, report.precisionText, report.threadText,
            report.backend,
        ]
        return figures.compactMap { $0 }.joined(separator: " · ")
    }

    // MARK: Legend and scale

    private func legend(top: Double) -> (text: String, height: Double) {
        var entries = profile.totals.prefix(Self.palette.count).map { total in
            (
                colour(of: total.operatorName),
                "\(total.count) \(total.operatorName) · \(time(total.milliseconds)) · \(percent(total.share))"
            )
        }
        let others = profile.totals.dropFirst(Self.palette.count)
        if !others.isEmpty {
            let (count, sum) = (others.reduce(0) { $0 + $1.count }, others.reduce(0) { $0 + $1.milliseconds })
            let share = others.reduce(0) { $0 + $1.share }
            entries.append((Self.otherColour, "\(count) others · \(time(sum)) · \(percent(share))"))
        }
        entries.append((Self.copyColour, "copies · \(time(profile.copyMilliseconds))"))
        let letters = Double(entries.map(\.1.count).max() ?? 0)
        let room = max(Self.legendWidth, letters * Self.letterWidth + 32)
        let columns = max(1, Int((width - 2 * Self.margin) / room))
        let lines = entries.enumerated().map { index, entry in
            let x = Self.margin + Double(index % columns) * room
            let y = top + Double(index / columns) * Self.rowHeight
            return """
                <rect x="\(n(x))" y="\(n(y))" width="10" height="10" rx="2" fill="\(entry.0)"/>\
                <text x="\(n(x + 16))" y="\(n(y + 9.5))">\(entry.1.escapedForXML)</text>
                """
        }
        let rowCount = (entries.count + columns - 1) / columns
        return (lines.joined(separator: "\n"), Double(rowCount) * Self.rowHeight)
    }

    /// Lines at round numbers of milliseconds.
    private func scale(top: Double, bottom: Double) -> String {
        let power = pow(10, floor(log10(longest)))
        let step = [0.2, 0.5, 1, 2].map { $0 * power }.first { longest / $0 <= 6 } ?? 5 * power
        let marks = stride(from: 0, through: longest, by: step).map { value in
            let x = barLeft + value / longest * Self.barWidth
            return """
                <path d="M\(n(x)) \(n(top - 4))V\(n(bottom))" stroke="#e4e7ea"/>\
                <text x="\(n(x))" y="\(n(top - 8))" text-anchor="middle" fill="#888" font-size="10">\
                \(String(format: "%g", (value * 1e6).rounded() / 1e6)) ms</text>
                """
        }
        return marks.joined(separator: "\n")
    }

    // MARK: Layers

    private func draw(_ layer: NetworkProfile.Layer, top: Double) -> String {
        let barTop = top + (Self.rowHeight - Self.barHeight) / 2
        let baseline = top + Self.rowHeight / 2 + 4
        let length = layer.milliseconds / longest * Self.barWidth
        let copies = layer.copies / longest * Self.barWidth
        var parts = [
            "<title>\(details(of: layer).escapedForXML)</title>",
            """
            <text x="\(n(barLeft - 10))" y="\(n(baseline))" text-anchor="end">\
            \(Self.shortened(Self.label(of: layer)).escapedForXML)</text>
            """,
            bar(barLeft, barTop, length, colour(of: layer.operatorName)),
        ]
        if copies > 0 { parts.append(bar(barLeft + length, barTop, copies, Self.copyColour)) }
        parts.append(
            """
            <text x="\(n(barLeft + length + copies + 6))" y="\(n(baseline))" fill="#555">\(figures(of: layer))</text>
            """)
        return "<g>" + parts.joined() + "</g>"
    }

    /// What stands behind a bar.
    private func figures(of layer: NetworkProfile.Layer) -> String {
        guard layer.milliseconds > 0 || layer.copies == 0 else { return "copies \(time(layer.copies))" }
        var figures = [time(layer.milliseconds), percent(layer.share)]
        if layer.gflops > 0 { figures.append(String(format: "%.1f GFLOP/s", layer.gflops)) }
        if layer.precision != report.options.precision.base { figures.append(layer.precision.rawValue) }
        return figures.joined(separator: " · ")
    }

    private func bar(_ x: Double, _ y: Double, _ length: Double, _ colour: String) -> String {
        """
        <rect x="\(String(format: "%.2f", x))" y="\(n(y))" width="\(String(format: "%.2f", length))" \
        height="\(n(Self.barHeight))" fill="\(colour)"/>
        """
    }

    private func details(of layer: NetworkProfile.Layer) -> String {
        var lines = [
            "\(layer.layer): \(layer.operatorName)", "\(layer.kernel), \(layer.precision.rawValue)",
            "\(time(layer.milliseconds)), \(percent(layer.share)) of all kernels",
        ]
        if !layer.merged.isEmpty { lines.insert("with " + layer.merged.joined(separator: ", "), at: 1) }
        if layer.multiplyAccumulates > 0 {
            lines.append("\(layer.multiplyAccumulates) MACs" + String(format: ", %.1f GFLOP/s", layer.gflops))
        }
        if layer.copies > 0 { lines.append("copies \(time(layer.copies))") }
        return lines.joined(separator: "\n")
    }

    private static func label(of layer: NetworkProfile.Layer) -> String {
        layer.merged.isEmpty ? layer.layer : layer.layer + " +\(layer.merged.count)"
    }

    /// A long name by its end, which tells it from others.
    private static func shortened(_ name: String) -> String {
        name.count <= nameLimit ? name : "…" + name.suffix(nameLimit - 1)
    }

    private func colour(of operatorName: String) -> String { colours[operatorName] ?? Self.otherColour }
    private func time(_ milliseconds: Double) -> String { BenchmarkReport.number(milliseconds) + " ms" }
    private func percent(_ share: Double) -> String { String(format: "%.1f %%", 100 * share) }
    private func n(_ value: Double) -> String { String(format: "%g", (value * 10).rounded() / 10) }
}
