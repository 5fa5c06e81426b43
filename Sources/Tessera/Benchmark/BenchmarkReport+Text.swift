import Foundation
import TesseraCore

extension BenchmarkReport: CustomStringConvertible {
    /// A summary and, with a profile, tables of layers and of kinds of layers.
    public var description: String {
        guard let profile else { return summary }
        return [summary, profile.description].joined(separator: "\n\n")
    }

    private var summary: String {
        var table = TextTable(header: ["network", network])
        table.add(["computed in", "\(precisionText), \(threadText), \(backend)"])
        table.add(["median", text(timings.median)])
        table.add(["90 %, 99 %", "\(text(timings.percentile(90))), \(text(timings.percentile(99)))"])
        table.add(["least, mean", "\(text(timings.minimum)), \(text(timings.mean))"])
        table.add(["runs", "\(timings.count)"])
        table.add(["loading", text(loading)])
        table.add(["first inference", text(first)])
        if let gflops { table.add(["speed", String(format: "%.1f GFLOP/s", gflops)]) }
        if let activationByteCount { table.add(["activations", ByteCount(activationByteCount).description]) }
        if let peakByteCount { table.add(["peak memory", ByteCount(peakByteCount).description]) }
        if let profile {
            table.add(["kernels, copies", "\(text(profile.kernelMilliseconds)), \(text(profile.copyMilliseconds))"])
            if let overhead { table.add(["median over kernels", String(format: "%.3f", overhead)]) }
        }
        return table.description
    }

    var precisionText: String {
        let layers = options.precision.layers.filter { $0.value != options.precision.base }.count
        let base = options.precision.base.rawValue
        return layers == 0 ? base : base + ", \(layers) layer\(layers == 1 ? "" : "s") otherwise"
    }

    var threadText: String { "\(options.threads) thread\(options.threads == 1 ? "" : "s")" }

    private func text(_ milliseconds: Double) -> String { "\(Self.number(milliseconds)) ms" }

    /// With three digits after the point where there is less than 10 ms, otherwise two.
    static func number(_ milliseconds: Double) -> String {
        String(format: milliseconds < 10 ? "%.3f" : "%.2f", milliseconds)
    }
}

extension NetworkProfile: CustomStringConvertible {
    /// A table of all layers, and one of the kinds of layers.
    public var description: String {
        var table = TextTable(header: ["layer", "type", "kernel", "ms", "%", "GFLOP/s", "copies"])
        for layer in layers {
            let others = layer.merged.isEmpty ? "" : " + " + layer.merged.joined(separator: " + ")
            table.add([
                layer.layer + others, layer.operatorName, layer.kernel, BenchmarkReport.number(layer.milliseconds),
                String(format: "%.1f", 100 * layer.share), Self.speed(layer.gflops),
                layer.copies > 0 ? BenchmarkReport.number(layer.copies) : "",
            ])
        }
        table.add([
            "total", "", "", BenchmarkReport.number(kernelMilliseconds), "100.0", "",
            BenchmarkReport.number(copyMilliseconds),
        ])
        var kinds = TextTable(header: ["type", "layers", "ms", "%", "GFLOP/s"])
        for total in totals {
            kinds.add([
                total.operatorName, "\(total.count)", BenchmarkReport.number(total.milliseconds),
                String(format: "%.1f", 100 * total.share),
                Self.speed(BenchmarkReport.gflops(total.multiplyAccumulates, in: total.milliseconds)),
            ])
        }
        return table.description + "\n\n" + kinds.description
    }

    private static func speed(_ gflops: Double) -> String { gflops > 0 ? String(format: "%.1f", gflops) : "" }
}
