import Foundation
import TesseraCore
import TesseraPartition

/// What `tessera simulate` tells of a plan. All times are milliseconds of virtual time.
public struct SimulationReport: Encodable, Sendable {
    /// One device's share.
    public struct Share: Encodable, Sendable {
        public let device: String
        public let compute_ms: Double
        public let send_ms: Double
        public let receive_ms: Double
        /// The part of the time for which it computes.
        public let utilization: Double
        public let memory_bytes: Int
    }

    /// The best that one device does by itself.
    public struct Single: Encodable, Sendable {
        public let device: String
        public let latency_ms: Double
        public let pictures_per_second: Double
    }

    public let strategy: String
    public let pictures: Int
    /// Of one picture by itself.
    public let latency_ms: Double
    /// With all pictures there from the start.
    public let pictures_per_second: Double
    /// Nil if no single device has the memory for the network.
    public let single: Single?
    /// How many times as soon all pictures are done as on the single device.
    public let speedup: Double?
    /// Of one picture.
    public let bytes_moved: Int
    public let stages: Int
    public let busy_nodes: Int
    public let devices: [Share]
    /// Devices of which the plan asks more memory than they have.
    public let over_budget: [String]
    public let notes: [String]

    /// Simulates a plan and, in the same way, the best single device.
    ///
    /// - Returns: the report, and what it is a report of.
    public static func make(
        _ plan: Plan, model: CostModel, pictures: Int, slowdowns: [Int: Double] = [:]
    ) throws -> (report: SimulationReport, simulation: Simulation) {
        let one = try plan.simulated(with: model, slowdowns: slowdowns)
        let all = pictures == 1 ? one : try plan.simulated(with: model, pictures: pictures, slowdowns: slowdowns)
        let best = try model.bestSingleDevice(pictures: pictures, slowdowns: slowdowns)
        let single = try best.map { best in
            let alone = pictures == 1 ? best : try model.bestSingleDevice(slowdowns: slowdowns)
            return Single(
                device: model.cluster.device(at: best.endpoint).name,
                latency_ms: (alone?.simulation.duration ?? best.simulation.duration) * 1e3,
                pictures_per_second: best.simulation.throughput)
        }
        let report = SimulationReport(
            strategy: plan.strategy, pictures: pictures, latency_ms: one.duration * 1e3,
            pictures_per_second: all.throughput, single: single,
            speedup: best.map { $0.simulation.duration / all.duration }, bytes_moved: one.byteCount,
            stages: plan.stages.count, busy_nodes: plan.busyNodes.count,
            devices: shares(plan, model, all), over_budget: model.memoryProblems(of: plan), notes: plan.notes)
        return (report, all)
    }

    private static func shares(_ plan: Plan, _ model: CostModel, _ simulation: Simulation) -> [Share] {
        let cluster = model.cluster
        func busy(_ activity: Simulation.Activity) -> [Double] {
            simulation.busySeconds(activity, endpoints: cluster.endpointCount)
        }
        let (compute, send, receive) = (busy(.compute), busy(.send), busy(.receive))
        return model.memory(of: plan).enumerated().map { endpoint, memory in
            Share(
                device: cluster.device(at: endpoint).name + (endpoint == cluster.leaderNode ? " (leader)" : ""),
                compute_ms: compute[endpoint] * 1e3, send_ms: send[endpoint] * 1e3,
                receive_ms: receive[endpoint] * 1e3,
                utilization: simulation.duration > 0 ? compute[endpoint] / simulation.duration : 0,
                memory_bytes: memory.total)
        }
    }
}

extension SimulationReport: CustomStringConvertible {
    /// Devices that the table shows; JSON has all.
    private static let rowLimit = 32

    /// The row of this plan in a table of several.
    public static var header: [String] {
        ["strategy", "latency", "pictures/s", "speed-up", "moved", "nodes", "stages"]
    }
    public var row: [String] {
        [
            strategy, "\(digits(latency_ms)) ms", digits(pictures_per_second),
            speedup.map { String(format: "%.2f", $0) } ?? "-", ByteCount(bytes_moved).description, "\(busy_nodes)",
            "\(stages)",
        ]
    }

    /// What one device does by itself, in words.
    public var singleText: String {
        guard let single else { return "no single device has the memory for it" }
        return
            "\(single.device) alone: \(digits(single.latency_ms)) ms, \(digits(single.pictures_per_second)) pictures/s"
    }

    public var description: String {
        var summary = TextTable(header: Self.header)
        summary.add(row)
        var devices = TextTable(header: ["device", "computes", "sends", "receives", "busy", "memory"])
        for share in self.devices.prefix(Self.rowLimit) {
            devices.add([
                share.device, "\(digits(share.compute_ms)) ms", "\(digits(share.send_ms)) ms",
                "\(digits(share.receive_ms)) ms", String(format: "%.0f %%", share.utilization * 100),
                ByteCount(share.memory_bytes).description,
            ])
        }
        var lines = [summary.description, singleText, "", devices.description]
        if self.devices.count > Self.rowLimit { lines.append("and \(self.devices.count - Self.rowLimit) more") }
        if !over_budget.isEmpty { lines += ["", "TOO LITTLE MEMORY: " + over_budget.joined(separator: ", ")] }
        if !notes.isEmpty { lines += [""] + notes }
        return lines.joined(separator: "\n")
    }

    private func digits(_ value: Double) -> String { String(format: value >= 100 ? "%.1f" : "%.2f", value) }
}
