import Foundation
import Tessera

/// What `tessera deploy` tells of a run.
struct DeploymentReport: Encodable, CustomStringConvertible {
    let latency_ms: Double
    let nodes: Int
    let busy_nodes: Int
    let tiles: Int
    let stages: Int
    let strategy: String
    let redundancy: Double
    let speedup_bound: Double
    /// Bytes of messages of one inference.
    let bytes_sent: Int
    let bytes_received: Int
    /// Bytes of elements that nodes sent each other.
    let bytes_between_nodes: Int
    /// Bytes of layers and weights, sent once before.
    let bytes_distributed: Int
    /// By which that is less than if weights were sent as they are.
    let bytes_saved: Int
    /// Nodes that were lost and done without.
    let recovered: Int
    /// Whether the result is the single node's to the bit; nil if that was not asked.
    private(set) var identical: Bool?
    /// The largest difference from the single node's result; nil if that was not asked.
    private(set) var largest_difference: Double?

    /// How many times the inference was run, the longest latency, and the medians of those of the first and the last quarter; nil for a
    /// single run.
    private(set) var runs: Int?
    private(set) var longest_latency_ms: Double?
    private(set) var early_latency_ms: Double?
    private(set) var late_latency_ms: Double?

    /// How many inferences there were, and how many of them in a second; nil for a single one.
    private(set) var pictures: Int?
    private(set) var pictures_per_second: Double?

    /// What every device did when; nil if that was not asked.
    var timeline: TimelineReport?

    /// Of one inference.
    init(_ plan: Plan, _ report: ClusterTask.Report, distributed: Int, saved: Int, recovered: Int) {
        self.init(
            plan, latency: report.latency, sent: report.bytesSent, received: report.bytesReceived,
            exchanged: report.bytesExchanged, distributed: distributed, saved: saved, recovered: recovered)
    }

    /// Of a stream: bytes of each inference on average, and the median of latencies.
    init(_ plan: Plan, _ stream: Deployment.StreamReport, distributed: Int, saved: Int, recovered: Int) {
        let count = max(1, stream.inferences)
        let latencies = stream.latencies.sorted()
        self.init(
            plan, latency: latencies.isEmpty ? .zero : latencies[latencies.count / 2], sent: stream.bytesSent / count,
            received: stream.bytesReceived / count, exchanged: stream.bytesExchanged / count, distributed: distributed,
            saved: saved, recovered: recovered)
        (pictures, pictures_per_second) = (stream.inferences, stream.throughput)
    }

    private init(
        _ plan: Plan, latency: Duration, sent: Int, received: Int, exchanged: Int, distributed: Int, saved: Int,
        recovered: Int
    ) {
        latency_ms = latency.milliseconds
        nodes = plan.nodeCount
        busy_nodes = plan.busyNodes.count
        tiles = plan.stages.reduce(0) { $0 + $1.tiles.count }
        stages = plan.stages.count
        strategy = plan.strategy
        redundancy = plan.redundancy
        speedup_bound = plan.speedupBound
        bytes_sent = sent
        bytes_received = received
        bytes_between_nodes = exchanged
        bytes_distributed = distributed
        bytes_saved = saved
        self.recovered = recovered
    }

    /// Notes the latencies of all runs, in their order.
    mutating func note(_ latencies: [Duration]) {
        guard latencies.count > 1 else { return }
        let quarter = (latencies.count + 3) / 4
        func median(_ part: ArraySlice<Duration>) -> Double { part.sorted()[part.count / 2].milliseconds }
        (runs, longest_latency_ms) = (latencies.count, latencies.max()?.milliseconds)
        (early_latency_ms, late_latency_ms) = (median(latencies.prefix(quarter)), median(latencies.suffix(quarter)))
    }

    /// Notes how these results differ from those of a single node.
    mutating func compare(_ results: [String: Tensor], with single: [String: Tensor]) {
        identical = results == single
        largest_difference = single.reduce(0) { largest, output in
            let other = results[output.key]?.reals() ?? []
            return zip(output.value.reals(), other).reduce(largest) { max($0, abs($1.0 - $1.1)) }
        }
    }

    var description: String {
        var table = TextTable(header: ["strategy", strategy])
        table.add(["nodes", busy_nodes == nodes ? "\(nodes)" : "\(nodes), \(nodes - busy_nodes) idle"])
        table.add(["tiles", "\(tiles) in \(stages) stage\(stages == 1 ? "" : "s")"])
        table.add(["redundancy", String(format: "%.3f", redundancy)])
        table.add(["latency", String(format: "%.1f ms", latency_ms)])
        if let pictures, let pictures_per_second {
            table.add(["pictures", "\(pictures)"])
            table.add(["throughput", String(format: "%.2f pictures/s", pictures_per_second)])
        }
        table.add(["sent", ByteCount(bytes_sent).description])
        table.add(["received", ByteCount(bytes_received).description])
        table.add(["between nodes", ByteCount(bytes_between_nodes).description])
        let saved = bytes_saved > 0 ? ", \(ByteCount(bytes_saved)) less than not compressed" : ""
        table.add(["layers and weights", ByteCount(bytes_distributed).description + saved])
        if recovered > 0 { table.add(["nodes lost", "\(recovered), done without until back"]) }
        if let identical, let largest_difference {
            let difference = String(format: "NO, they differ by up to %.3g", largest_difference)
            table.add(["equals one node", identical ? "yes, to the bit" : difference])
        }
        return table.description
    }
}
