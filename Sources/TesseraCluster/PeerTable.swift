import TesseraCore

/// Who is connected, and which of several connections between the same two peers is used.
package struct PeerTable<Connection: Identifiable & Sendable>: Sendable {
    package struct Entry: Sendable {
        package let information: PeerInformation
        package let connection: Connection
        package let dialer: PeerID
        var isEstablished = false
    }

    package enum Verdict {
        /// The connection has the peer's name, which another one may have had to give up.
        case granted(superseding: Connection?)
        /// The peer is connected, or about to be, by another connection.
        case redundant
        case refused(TesseraError)
    }

    private let local: PeerInformation
    private var entries: [PeerID: Entry] = [:]

    package init(local: PeerInformation) { self.local = local }

    /// The peers that can be sent to, by name.
    package var established: [Entry] {
        entries.values.filter(\.isEstablished).sorted { $0.information.peer < $1.information.peer }
    }

    package func established(_ peer: PeerID) -> Entry? { entries[peer].flatMap { $0.isEstablished ? $0 : nil } }

    /// Claims a peer's name for a connection, on which the peer has introduced itself.
    ///
    /// Two peers that connect to each other at once must both keep the same connection: the one that the peer with the
    /// smaller name dialed.
    package mutating func claim(_ information: PeerInformation, dialer: PeerID, connection: Connection) -> Verdict {
        let peer = information.peer
        if information.instance == local.instance {
            return .refused(TesseraError(.invalidArgument, "the address is that of '\(peer)' itself"))
        }
        if peer == local.peer {
            return .refused(TesseraError(.invalidArgument, "expected another peer, but its name is '\(peer)' too"))
        }
        var superseded: Connection?
        if let entry = entries[peer] {
            guard entry.information.instance == information.instance else {
                return .refused(
                    TesseraError(
                        .invalidArgument,
                        "another peer named '\(peer)' is connected to '\(local.peer)' already: every node needs a name, or a certificate, of its own"
                    ))
            }
            guard !entry.isEstablished, entry.dialer != dialer, dialer == min(local.peer, peer) else {
                return .redundant
            }
            superseded = entry.connection
        }
        entries[peer] = Entry(information: information, connection: connection, dialer: dialer)
        return .granted(superseding: superseded)
    }

    /// Marks the peer as one to send to.
    ///
    /// - Returns: false if the connection lost the name meanwhile.
    package mutating func establish(_ peer: PeerID, connection: Connection) -> Bool {
        guard entries[peer]?.connection.id == connection.id else { return false }
        entries[peer]?.isEstablished = true
        return true
    }

    /// Frees the name that a connection has.
    ///
    /// - Returns: whether the peer was established by it.
    package mutating func release(_ peer: PeerID, connection: Connection) -> Bool {
        guard let entry = entries[peer], entry.connection.id == connection.id else { return false }
        entries[peer] = nil
        return entry.isEstablished
    }
}
