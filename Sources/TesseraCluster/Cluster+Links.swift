import TesseraCore
import TesseraPartition

/// What joins two devices of a cluster, measured.
public struct MeasuredLink: Sendable {
    /// Two nodes, or the leader and a node.
    public let ends: [PeerID]
    public let link: Link
    /// Why the two do not reach each other, so that all between them goes by way of the leader; nil if they do.
    public let detour: TesseraError?
}

extension Cluster {
    /// Measures what joins any two devices, one pair after the other, so that none disturbs another: first the leader and every
    /// node, then the nodes.
    ///
    /// - Throws: `nodeFailure` for a node that is lost.
    public func measureLinks() async throws -> [MeasuredLink] {
        var own: [PeerID: Link] = [:]
        var links: [MeasuredLink] = []
        for peer in peers where peer != leader.name {
            let link = try await leader.link(to: peer)
            own[peer] = link
            links.append(MeasuredLink(ends: [leader.name, peer], link: link, detour: nil))
        }
        let others = peers.filter { $0 != leader.name }
        for (index, peer) in others.enumerated() {
            for other in others[(index + 1)...] {
                links.append(try await link(between: peer, and: other, over: own))
            }
        }
        return links
    }

    private func link(between a: PeerID, and b: PeerID, over own: [PeerID: Link]) async throws -> MeasuredLink {
        do {
            let link = try await leader.link(from: a, to: b, at: addresses[b])
            return MeasuredLink(ends: [a, b], link: link, detour: nil)
        } catch let error as TesseraError where error.code == .nodeFailure {
            guard let first = own[a], let second = own[b], leader.isConnected(to: a), leader.isConnected(to: b) else {
                throw error
            }
            return MeasuredLink(ends: [a, b], link: first.followed(by: second), detour: error)
        }
    }
}
