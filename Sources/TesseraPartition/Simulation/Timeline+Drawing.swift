import Foundation
import TesseraCore

extension Timeline {
    /// A picture of what every device does when: a row for each, with a line each for what it receives, computes and sends.
    ///
    /// - Parameter title: what stands above it.
    public func svg(title: String) -> String { TimelineDrawing(self, title: title).svg }
}

private struct TimelineDrawing {
    private static let margin = 24.0
    private static let chartWidth = 900.0
    private static let barHeight = 8.0
    private static let barGap = 1.0
    private static let rowHeight = 34.0
    private static let letterWidth = 6.65
    private static let nameLimit = 28
    /// Devices that are drawn; a picture of more could not be read.
    private static let rowLimit = 48
    /// Okabe and Ito's colours, which those who see few colours can tell apart. Pictures alternate between two shades.
    private static let colours: [Simulation.Activity: (String, String)] = [
        .receive: ("#56b4e9", "#2f8fc6"), .compute: ("#009e73", "#00734f"), .send: ("#e69f00", "#b57d00"),
    ]

    private let timeline: Timeline
    private let title: String
    /// The devices that have a row: the leader first, then those that do something.
    private let endpoints: [Int]
    private let idleCount: Int
    private let busyCount: Int
    private let nameWidth: Double

    init(_ timeline: Timeline, title: String) {
        (self.timeline, self.title) = (timeline, title)
        let busy = Set(timeline.intervals.filter { $0.end > $0.start }.map(\.endpoint))
        let others = busy.subtracting([timeline.leader]).sorted()
        let all = [timeline.leader] + others
        endpoints = Array(all.prefix(Self.rowLimit))
        busyCount = all.count
        idleCount = timeline.devices.count - all.count
        nameWidth = Double(endpoints.map { Self.label(timeline.devices[$0]).count }.max() ?? 0) * Self.letterWidth + 58
    }

    private var left: Double { Self.margin + nameWidth }
    private var top: Double { 96 }
    private var bottom: Double { top + Double(endpoints.count) * Self.rowHeight }
    private var duration: Double { max(timeline.duration, 1e-12) }

    var svg: String {
        let width = left + Self.chartWidth + 2 * Self.margin
        let rows = endpoints.enumerated().map { row($1, y: top + Double($0) * Self.rowHeight) }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(n(width))" height="\(n(bottom + 52))" \
            viewBox="0 0 \(n(width)) \(n(bottom + 52))" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="11">
            <rect width="100%" height="100%" fill="white"/>
            <text x="\(n(Self.margin))" y="28" font-size="16" font-weight="bold">\(title.escapedForXML)</text>
            <text x="\(n(Self.margin))" y="46" fill="#555">\(subtitle.escapedForXML)</text>
            \(legend)
            \(rows.joined(separator: "\n"))
            \(axis)
            \(remainder)
            </svg>

            """
    }

    private var subtitle: String {
        let pictures = timeline.finishTimes.count
        let count = pictures == 1 ? "1 picture" : "\(pictures) pictures"
        let figures = [
            "\(count) in \(Self.digits(timeline.duration * 1e3)) ms",
            "\(ByteCount(timeline.byteCount)) between devices",
        ]
        return (figures + [timeline.remark].compactMap { $0 }).joined(separator: " · ")
    }

    private var legend: String {
        Simulation.Activity.allCases.enumerated().map { index, activity in
            let x = left + Double(index) * 110
            return """
                <rect x="\(n(x))" y="60" width="10" height="10" rx="2" fill="\(colour(activity, 0))"/>\
                <text x="\(n(x + 16))" y="69">\(activity.rawValue)s</text>
                """
        }
        .joined(separator: "\n")
    }

    private static func label(_ name: String) -> String {
        name.count <= nameLimit ? name : "…" + name.suffix(nameLimit - 1)
    }

    private func row(_ endpoint: Int, y: Double) -> String {
        let own = timeline.intervals.filter { $0.endpoint == endpoint }
        let computing = own.reduce(0) { $1.activity == .compute ? $0 + $1.end - $1.start : $0 }
        var parts = [
            "<path d=\"M\(n(left)) \(n(y + Self.rowHeight - 2))H\(n(left + Self.chartWidth))\" stroke=\"#e4e7ea\"/>",
            "<text x=\"\(n(left - 52))\" y=\"\(n(y + 18))\" text-anchor=\"end\">\(Self.label(timeline.devices[endpoint]).escapedForXML)</text>",
            "<text x=\"\(n(left - 10))\" y=\"\(n(y + 18))\" text-anchor=\"end\" fill=\"#888\">\(String(format: "%.0f", 100 * computing / duration)) %</text>",
        ]
        for (line, activity) in Simulation.Activity.allCases.enumerated() {
            let barTop = y + 2 + Double(line) * (Self.barHeight + Self.barGap)
            for interval in own where interval.activity == activity && interval.end > interval.start {
                parts.append(bar(interval, y: barTop))
            }
        }
        return parts.joined(separator: "\n")
    }

    private func bar(_ interval: Simulation.Interval, y: Double) -> String {
        let x = left + interval.start / duration * Self.chartWidth
        // What is shorter than a line is wide would not be seen.
        let width = max((interval.end - interval.start) / duration * Self.chartWidth, 0.4)
        let what = "\(interval.activity.rawValue)s for stage \(interval.stage + 1) of picture \(interval.picture + 1)"
        let when = "\(Self.digits(interval.start * 1e3)) to \(Self.digits(interval.end * 1e3)) ms"
        return """
            <rect x="\(String(format: "%.2f", x))" y="\(n(y))" width="\(String(format: "%.2f", width))" \
            height="\(n(Self.barHeight))" fill="\(colour(interval.activity, interval.picture))">\
            <title>\(what), \(when)</title></rect>
            """
    }

    /// Marks at round numbers of milliseconds.
    private var axis: String {
        let milliseconds = duration * 1e3
        let power = pow(10, floor(log10(milliseconds)))
        let step = [0.1, 0.2, 0.5, 1].map { $0 * power }.first { milliseconds / $0 <= 12 } ?? power
        let marks = stride(from: 0, through: milliseconds, by: step).map { value in
            let x = left + value / milliseconds * Self.chartWidth
            return """
                <path d="M\(n(x)) \(n(bottom))v5" stroke="#888"/>\
                <text x="\(n(x))" y="\(n(bottom + 18))" text-anchor="middle" fill="#555">\
                \(String(format: "%g", (value * 1e9).rounded() / 1e9))</text>
                """
        }
        let line = "<path d=\"M\(n(left)) \(n(bottom))h\(n(Self.chartWidth))\" stroke=\"#888\"/>"
        let unit = "<text x=\"\(n(left - 10))\" y=\"\(n(bottom + 18))\" text-anchor=\"end\" fill=\"#555\">ms</text>"
        return ([line, unit] + marks).joined(separator: "\n")
    }

    /// What is not drawn.
    private var remainder: String {
        var texts: [String] = []
        if busyCount > endpoints.count { texts.append("\(busyCount - endpoints.count) more devices are not drawn") }
        if idleCount > 0 { texts.append("\(idleCount) \(idleCount == 1 ? "device does" : "devices do") nothing") }
        return "<text x=\"\(n(left))\" y=\"\(n(bottom + 38))\" fill=\"#555\">\(texts.joined(separator: "; "))</text>"
    }

    private func colour(_ activity: Simulation.Activity, _ picture: Int) -> String {
        let shades = Self.colours[activity] ?? ("#666666", "#666666")
        return picture.isMultiple(of: 2) ? shades.0 : shades.1
    }

    private static func digits(_ value: Double) -> String { String(format: "%.2f", value) }
    private func n(_ value: Double) -> String { String(format: "%g", (value * 10).rounded() / 10) }
}
