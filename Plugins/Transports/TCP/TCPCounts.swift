import Foundation
import TesseraCluster

/// What a TCP transport has seen so far.
struct TCPCounts: Sendable {
    /// Connections that were dialed or accepted.
    var opened = 0
    /// Connections for which there was no room.
    var turnedAway = 0
    /// Connections whose other end was no peer, or none that could be let in.
    var refused = 0
    /// Peers that were connected and left without leave.
    var lost = 0
    /// Segments that were sent again, of all connections, as the system counts them.
    var retransmitted = 0
}

extension TCPTransport: MeasuredTransport {
    public var metrics: [MetricFamily] {
        let (counts, connections, strangers, peers) = state.withLock { state in
            (state.counts, state.channels.count, state.strangers.count, state.table.established)
        }
        let expiry = identity.map { identity in
            MetricFamily(
                "tessera_certificate_expiry_timestamp_seconds", .gauge,
                "When the certificate of this member ends, in seconds since 1970.",
                value: Int(identity.member.expiry.timeIntervalSince1970))
        }
        return (expiry.map { [$0] } ?? []) + [
            MetricFamily("tessera_tcp_connections", .gauge, "Connections that are open.", value: connections),
            MetricFamily(
                "tessera_tcp_strangers", .gauge, "Connections of these whose other end has not said who it is.",
                value: strangers),
            MetricFamily(
                "tessera_tcp_connections_opened_total", .counter, "Connections that were dialed or accepted.",
                value: counts.opened),
            MetricFamily(
                "tessera_tcp_connections_turned_away_total", .counter, "Connections for which there was no room.",
                value: counts.turnedAway),
            MetricFamily(
                "tessera_tcp_connections_refused_total", .counter,
                "Accepted connections whose other end was no peer, or none that could be let in.",
                value: counts.refused),
            MetricFamily(
                "tessera_tcp_peers_lost_total", .counter, "Peers that were connected and left without leave.",
                value: counts.lost),
            MetricFamily(
                "tessera_tcp_retransmissions_total", .counter,
                "Segments that were sent again since they had been lost or were late.", value: counts.retransmitted),
            MetricFamily(
                "tessera_tcp_queued_bytes", .gauge, "Bytes that wait to be sent.",
                value: peers.reduce(0) { $0 + $1.connection.outgoing.byteCount }),
            MetricFamily(
                "tessera_tcp_unread_bytes", .gauge, "Bytes of messages that arrive or are unread.",
                value: memory.byteCount),
        ]
    }
}
