import TesseraCore

/// What a transport reports.
public enum TransportEvent: Sendable {
    /// A peer can be sent to from now on.
    case appeared(PeerID, PeerInformation)
    /// A peer is gone. No reason means that it took its leave, or that this transport was closed.
    case left(PeerID, reason: TesseraError?)
    case received(Message, from: PeerID)
}
