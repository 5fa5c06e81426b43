import Synchronization
import TesseraCore

/// Joins any number of peers of one process.
public final class LoopbackHub: Sendable {
    private let members = Mutex<[LoopbackTransport]>([])

    public init() {}

    /// Adds a peer, which meets all that are here already.
    ///
    /// - Parameter bound: bytes that may wait for a peer, from each other peer, before senders wait.
    /// - Throws: `invalidArgument` if the name is taken or cannot be used.
    public func join(_ information: PeerInformation, bound: Int = 8 << 20) throws -> LoopbackTransport {
        try information.validate()
        let newcomer = LoopbackTransport(information, hub: self, bound: bound)
        try members.withLock { members in
            guard !members.contains(where: { $0.localPeer == information.peer }) else {
                throw TesseraError(.invalidArgument, "a peer named '\(information.peer)' is connected already")
            }
            for member in members {
                // In this order, so that the newcomer knows whoever sends to it.
                newcomer.meet(member)
                member.meet(newcomer)
            }
            members.append(newcomer)
        }
        return newcomer
    }

    /// Takes a peer away without leave, as a crash or a pulled cable does. Its own stream of events ends.
    public func drop(_ peer: PeerID) {
        let error = TesseraError(.nodeFailure, "the connection to '\(peer)' was lost")
        guard let member = members.withLock({ $0.first { $0.localPeer == peer } }) else { return }
        part(member, reason: error)
    }

    func part(_ member: LoopbackTransport, reason: TesseraError?) {
        // The others learn of it under the lock, so that nobody meets a newcomer of that name first.
        members.withLock { members in
            guard members.contains(where: { $0 === member }) else { return }
            members.removeAll { $0 === member }
            for other in members { other.lose(member.localPeer, reason: reason) }
        }
        member.leave()
    }
}
