import Foundation
import TesseraCore

extension TrainingHistory {
    /// A picture of the curves: the loss, and beside it the accuracy or the signal-to-noise ratio.
    public func svg(title: String) -> String {
        let loss = CurveChart(
            title: "loss",
            curves: [
                .init(name: hasParts ? "total" : "training", points: points(\.trainLoss)),
                .init(name: "test", points: points(\.testLoss)),
                .init(name: "quantized", points: points(\.trainLossParts?.own)),
                .init(name: "auxiliary", points: points(\.trainLossParts?.auxiliary)),
                .init(name: "distillation", points: points(\.trainLossParts?.distillation)),
            ])
        let hasClasses = epochs.contains { $0.trainAccuracy != nil }
        let quality = CurveChart(
            title: hasClasses ? "accuracy" : "test PSNR in dB",
            curves: hasClasses
                ? [
                    .init(name: "training", points: points(\.trainAccuracy)),
                    .init(name: "test", points: points(\.testAccuracy)),
                ] : [.init(name: "test", points: points(\.testPSNR))])
        let width = 2 * CurveChart.width
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(CurveChart.height + 40)" \
            viewBox="0 0 \(width) \(CurveChart.height + 40)" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="11">
            <rect width="100%" height="100%" fill="white"/>
            <text x="24" y="28" font-size="16" font-weight="bold">\(title.escapedForXML)</text>
            \(loss.svg(x: 0, y: 40))
            \(quality.svg(x: CurveChart.width, y: 40))
            </svg>

            """
    }

    private func points(_ path: KeyPath<Epoch, Double>) -> [(Double, Double)] {
        epochs.map { (Double($0.epoch), $0[keyPath: path]) }
    }

    private func points(_ path: KeyPath<Epoch, Double?>) -> [(Double, Double)] {
        epochs.compactMap { epoch in epoch[keyPath: path].map { (Double(epoch.epoch), $0) } }
    }
}

/// Lines over epochs.
private struct CurveChart {
    struct Curve {
        let name: String
        let points: [(Double, Double)]
    }

    static let width = 420
    static let height = 300
    /// Okabe and Ito's colours, which those who see few colours can tell apart.
    private static let colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"]

    let title: String
    let curves: [Curve]

    func svg(x: Int, y: Int) -> String {
        let drawn = curves.filter { !$0.points.isEmpty }
        let all = drawn.flatMap(\.points)
        let (left, right, top, bottom) = (64.0, Double(Self.width) - 20, 36.0, Double(Self.height) - 36)
        var lowest = all.map(\.1).min() ?? 0
        var highest = all.map(\.1).max() ?? 1
        if highest - lowest < 1e-9 { (lowest, highest) = (lowest - 0.5, highest + 0.5) }
        let first = all.map(\.0).min() ?? 1
        let last = max(all.map(\.0).max() ?? 1, first + 1)
        func place(_ point: (Double, Double)) -> (Double, Double) {
            (
                left + (point.0 - first) / (last - first) * (right - left),
                bottom - (point.1 - lowest) / (highest - lowest) * (bottom - top)
            )
        }
        var parts = ["<g transform=\"translate(\(x),\(y))\">", "<text x=\"\(left)\" y=\"18\">\(title)</text>"]
        for step in 0...4 {
            let value = lowest + (highest - lowest) * Double(step) / 4
            let height = place((first, value)).1
            parts.append(
                "<line x1=\"\(left)\" y1=\"\(n(height))\" x2=\"\(right)\" y2=\"\(n(height))\" stroke=\"#ddd\"/>"
                    + "<text x=\"\(left - 6)\" y=\"\(n(height + 4))\" text-anchor=\"end\">\(String(format: "%.4g", value))</text>"
            )
        }
        for epoch in Set([first, ((first + last) / 2).rounded(), last]).sorted() {
            let across = place((epoch, lowest)).0
            parts.append(
                "<text x=\"\(n(across))\" y=\"\(n(bottom + 18))\" text-anchor=\"middle\">epoch \(Int(epoch))</text>")
        }
        for (index, curve) in drawn.enumerated() {
            let colour = Self.colours[index % Self.colours.count]
            let places = curve.points.map(place)
            let path = places.map { "\(n($0.0)),\(n($0.1))" }.joined(separator: " ")
            parts.append("<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\"/>")
            parts += places.map { "<circle cx=\"\(n($0.0))\" cy=\"\(n($0.1))\" r=\"2.5\" fill=\"\(colour)\"/>" }
            parts.append(
                "<text x=\"\(n(right - 80))\" y=\"\(18 + 14 * index)\" fill=\"\(colour)\">\(curve.name)</text>")
        }
        return (parts + ["</g>"]).joined(separator: "\n")
    }

    private func n(_ value: Double) -> String { String(format: "%.1f", value) }
}
