import Foundation
import NIOCore
import TesseraCluster
import TesseraCore

extension ConnectionHandler {
    /// Reads the peer's preamble; says whether it is complete and right.
    func readPreamble(_ bytes: inout UnsafeRawBufferPointer, _ context: ChannelHandlerContext) -> Bool {
        let count = min(bytes.count, WireFormat.preambleLength - preamble.count)
        preamble += bytes[..<count]
        bytes = UnsafeRawBufferPointer(rebasing: bytes[count...])
        let magic = preamble.prefix(WireFormat.magic.count)
        guard WireFormat.magic.starts(with: magic) else {
            let reason =
                TLSIdentity.speaks(preamble)
                ? "the other end speaks TLS, and this peer has no certificates" : "the other end is no Tessera peer"
            drop(context, TesseraError(.protocolViolation, reason))
            return false
        }
        guard let version = WireFormat.version(ofPreamble: preamble) else { return false }
        guard version == WireFormat.version else {
            // The peer learns of it from our preamble: it may not understand a refusal.
            let error = TesseraError(
                .protocolViolation,
                "expected a peer of wire version \(WireFormat.version) as '\(transport.localPeer)' has, found version \(version)"
            )
            end(context, reason: error, farewell: nil)
            return false
        }
        return true
    }

    /// The peer has said who it is: answers it, or refuses it.
    func meet(_ information: PeerInformation, _ context: ChannelHandlerContext) throws {
        try information.validate()
        try transport.identity?.check(information.peer.name, in: context)
        try transport.information.requireSameBuild(as: information)
        switch transport.claim(information, isDialed: isDialer, connection) {
        case .granted(let superseded):
            superseded?.signal(.supersede)
            if isDialer {
                establish(information, context)
            } else {
                phase = .awaitingReady(information)
                writeBytes(transport.hello, context)
            }
            context.flush()
        case .redundant:
            followDial(information.peer)
            end(context, reason: nil, farewell: transport.redundancy)
        case .refused(let error):
            end(context, reason: error, farewell: Frame(refusing: error))
        }
    }

    /// Both sides have agreed: messages may flow.
    func establish(_ information: PeerInformation, _ context: ChannelHandlerContext) {
        guard transport.establish(information, connection) else {
            // The peer's own dial took the name since this one claimed it.
            followDial(information.peer)
            return end(context, reason: nil, farewell: transport.redundancy)
        }
        // Not before the name is certain: the other end establishes the peer by it. What is sent goes by this event loop, so it comes later.
        if isDialer { write(Frame(.ready), context) }
        phase = .established(information)
        parser.limits = settings.limits
        succeedDial(information.peer)
        if let list = transport.identity?.revocations.list {
            write(Frame(.revoked, Message(kind: "", encodedBody: Data(list.text.utf8))), context)
            context.flush()
            transport.enforceRevocations(knownTo: information.peer)
        }
        keepAlive(context)
        // What was withdrawn since the peer said who it is was told to established connections alone.
        checkAgain(context)
    }

    /// Ends the connection if the peer's certificate has been withdrawn meanwhile.
    func checkAgain(_ context: ChannelHandlerContext) {
        guard case .established(let information) = phase else { return }
        do {
            try transport.identity?.check(information.peer.name, in: context)
        } catch {
            let reason = error as? TesseraError ?? TesseraError(.protocolViolation, "\(error)")
            end(context, reason: reason, farewell: Frame(refusing: reason))
        }
    }

    /// The peer closes the connection and says why.
    func beRefused(_ frame: Frame, _ context: ChannelHandlerContext) {
        if let peer = TCPTransport.redundantPeer(frame) {
            followDial(peer)
            return end(context, reason: nil, farewell: nil)
        }
        let refusal = frame.refusal
        let who = if case .established(let information) = phase { "'\(information.peer)'" } else { "the peer" }
        end(
            context, reason: TesseraError(refusal.code, "\(who) closed the connection: \(refusal.message)"),
            farewell: nil)
    }
}
