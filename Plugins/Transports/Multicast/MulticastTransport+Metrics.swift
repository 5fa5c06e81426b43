import TesseraCluster
import TransportTCP

extension MulticastTransport: MeasuredTransport {
    public var metrics: [MetricFamily] {
        let counts = counts
        func counter(_ name: String, _ help: String, _ value: some BinaryInteger) -> MetricFamily {
            MetricFamily("tessera_multicast_\(name)_total", .counter, help, value: value)
        }
        return connectionMetrics + [
            counter("broadcasts", "Messages that were sent by multicast.", counts.broadcasts),
            counter("broadcast_bytes", "Bytes of these messages, each counted once.", counts.broadcastByteCount),
            counter(
                "substitutes", "Messages that a node was sent by TCP since it had not confirmed them in time.",
                counts.substitutes),
            counter(
                "forged_objects", "Received objects that were not what had been announced, or could not be opened.",
                counts.forged),
            counter("repeated_objects", "Received objects that had arrived before.", counts.repeated),
            counter("strange_objects", "Received objects that nobody had announced.", counts.strange),
        ]
    }
}
