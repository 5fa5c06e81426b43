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
    /// Bytes of layers and weights, sent once before.
    let bytes_distributed: Int
    /// Nodes that were lost and done without.
    let recovered = 0
    /// Whether the result is the single node's to the bit; nil if that was not asked.
    private(set) var identical: Bool?
    /// The largest difference from the single node's result; nil if that was not asked.
    private(set) var largest_difference: Double?

    init(_ plan: Plan, latency: Double, sent: Int, received: Int, distributed: Int) {
        latency_ms = latency
        nodes = plan.nodeCount
        busy_nodes = plan.busyNodes.count
        tiles = plan.stages.reduce(0) { $0 + $1.tiles.count }
        stages = plan.stages.count
        strategy = plan.strategy
        redundancy = plan.redundancy
        speedup_bound = plan.speedupBound
        bytes_sent = sent
        bytes_received = received
        bytes_distributed = distributed
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
        table.add(["sent", ByteCount(bytes_sent).description])
        table.add(["received", ByteCount(bytes_received).description])
        table.add(["layers and weights", ByteCount(bytes_distributed).description])
        if let identical, let largest_difference {
            let difference = String(format: "NO, they differ by up to %.3g", largest_difference)
            table.add(["equals one node", identical ? "yes, to the bit" : difference])
        }
        return table.description
    }
}
