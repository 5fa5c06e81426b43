import Foundation
import TesseraCore

/// A node that was heard.
public struct DiscoveredNode: Sendable, Equatable {
    /// The last that it announced.
    public internal(set) var beacon: NodeBeacon
    /// Where announcements come from, `host:port`, the one to try first at the front.
    public internal(set) var addresses: [String]
    public internal(set) var lastHeard: ContinuousClock.Instant
    /// False for one that said it leaves, or was silent for too long.
    public internal(set) var isPresent: Bool
}

/// Which nodes announce themselves, and since when some do not: what follows from announcements, whoever sent them.
///
/// Memory is bounded, whatever arrives.
struct NodeDirectory: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// What comes from one address about one run of a node. What another address says, who may be somebody else, changes none of it.
    private struct Source {
        var beacon: NodeBeacon
        var heard: Instant

        /// Announcements that may get lost before a node counts as gone, and a little more.
        var patience: Duration { .seconds(max(1, 3.5 * beacon.interval)) }

        func isRecent(at now: Instant) -> Bool { now - heard <= patience }
        func isPresent(at now: Instant) -> Bool { beacon.state != .leaving && isRecent(at: now) }
    }

    private struct Entry {
        var sources: [String: Source]
        /// The address that is told first.
        var preferred: String

        var lastHeard: Instant? { sources.values.map(\.heard).max() }

        func isPresent(at now: Instant) -> Bool { sources.values.contains { $0.isPresent(at: now) } }

        /// The addresses to try, in this order.
        func addresses(at now: Instant) -> [String] {
            sources.sorted {
                ($0.value.isPresent(at: now) ? 0 : 1, $0.key == preferred ? 0 : 1, $1.value.heard)
                    < ($1.value.isPresent(at: now) ? 0 : 1, $1.key == preferred ? 0 : 1, $0.value.heard)
            }.map(\.key)
        }
    }

    /// Runs of nodes that are known at most, of one address and in all.
    private static let limits = (perHost: 64, total: 1024)
    /// Addresses that one run may have.
    private static let sourceLimit = 4
    /// How long a node that is gone is remembered.
    private static let memory = Duration.seconds(60)

    /// The fingerprint of the cluster whose nodes are wanted.
    let cluster: String
    private var entries: [UUID: Entry] = [:]
    /// Announcements that were of no use: of other clusters, of other versions or no announcements at all.
    private(set) var ignored = 0

    init(cluster: String) { self.cluster = cluster }

    mutating func ignore() { ignored += 1 }

    /// Takes note of an announcement that came from a host.
    mutating func hear(_ beacon: NodeBeacon, from host: String, at now: Instant) {
        guard beacon.cluster == cluster else { return ignore() }
        forget(at: now)
        let address = "\(host):\(beacon.port)"
        guard var entry = entries[beacon.instance] else {
            // A port has one listener, so whoever had it before is gone.
            entries = entries.filter { $0.value.preferred != address }
            let neighbours = entries.values.filter { $0.preferred.hasPrefix(host + ":") }.count
            guard entries.count < Self.limits.total, neighbours < Self.limits.perHost else { return ignore() }
            entries[beacon.instance] = Entry(
                sources: [address: Source(beacon: beacon, heard: now)], preferred: address)
            return
        }
        // An older announcement was held up on its way, or is repeated by somebody.
        if let known = entry.sources[address], beacon.number < known.beacon.number { return ignore() }
        entry.sources = entry.sources.filter { $0.value.isRecent(at: now) }
        guard entry.sources[address] != nil || entry.sources.count < Self.sourceLimit else { return ignore() }
        entry.sources[address] = Source(beacon: beacon, heard: now)
        // Other hosts are told the address as well, so one that is good for this host alone is the last choice.
        let isBetter = entry.preferred.hasPrefix("127.") && !host.hasPrefix("127.")
        if entry.sources[entry.preferred] == nil || isBetter { entry.preferred = address }
        entries[beacon.instance] = entry
    }

    private mutating func forget(at now: Instant) {
        entries = entries.filter { $0.value.lastHeard.map { now - $0 <= Self.memory } ?? false }
    }

    /// Nodes that are there or were not long ago, by name. Of several runs of a node, those that are there count, or else the last.
    mutating func nodes(at now: Instant) -> [DiscoveredNode] {
        forget(at: now)
        let known = entries.values.compactMap { entry -> DiscoveredNode? in
            let addresses = entry.addresses(at: now)
            guard let first = addresses.first, let source = entry.sources[first], let lastHeard = entry.lastHeard else {
                return nil
            }
            return DiscoveredNode(
                beacon: source.beacon, addresses: addresses, lastHeard: lastHeard, isPresent: entry.isPresent(at: now))
        }
        return Dictionary(grouping: known, by: \.beacon.identity).values.flatMap { runs in
            let present = runs.filter(\.isPresent)
            return present.isEmpty ? runs.max { $0.lastHeard < $1.lastHeard }.map { [$0] } ?? [] : present
        }
        .sorted { ($0.beacon.name, $0.beacon.instance.uuidString) < ($1.beacon.name, $1.beacon.instance.uuidString) }
    }
}
