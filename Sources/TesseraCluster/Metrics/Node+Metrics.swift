import TesseraCore

extension Node {
    /// What this node has done since it was started, and what it has now.
    public func metrics() -> [MetricFamily] {
        var identity = MetricFamily("tessera_node_info", .gauge, "Who this is.")
        identity.add(
            1,
            [
                "node": name.name, "backend": backend.name, "instruction_set": backend.instructionSet,
                "threads": "\(options.threads)",
            ])
        let held = weights.content
        let own = [
            identity,
            MetricFamily("tessera_tasks", .gauge, "Tasks whose tiles this node computes.", value: dutyCount),
            MetricFamily("tessera_tasks_led", .gauge, "Tasks that this node leads.", value: ledCount),
            MetricFamily("tessera_peers", .gauge, "Peers that are connected.", value: transport.peers.count),
            MetricFamily("tessera_weights", .gauge, "Weights that are kept.", value: held.count),
            MetricFamily("tessera_weight_bytes", .gauge, "Bytes of weights that are kept.", value: held.byteCount),
            MetricFamily(
                "tessera_weight_limit_bytes", .gauge, "Bytes of weights that may be kept.", value: weights.limit),
            MetricFamily(
                "tessera_memory_bytes", .gauge, "Bytes of messages, maps and compiled tiles of tasks.",
                value: memory.byteCount),
            MetricFamily("tessera_memory_limit_bytes", .gauge, "Bytes that these may be.", value: memory.limit),
        ]
        let carried = (transport as? any MeasuredTransport)?.metrics ?? []
        return own + counts.families + carried + ProcessMetrics.families
    }
}
