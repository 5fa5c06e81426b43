import NIOCore
import TesseraCluster
import TesseraCore

extension ConnectionHandler {
    func read(context: ChannelHandlerContext) {
        if connection.inbound.isPaused && !hasEnded {
            wantsRead = true
        } else {
            context.read()
        }
    }

    func resumeReading(_ context: ChannelHandlerContext) {
        guard wantsRead else { return }
        wantsRead = false
        lastHeard = .now()
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastHeard = .now()
        guard !hasEnded else { return }
        do {
            try unwrapInboundIn(data).withUnsafeReadableBytes { bytes in
                var bytes = bytes
                try consume(&bytes, context)
            }
        } catch {
            let error =
                error as? TesseraError
                ?? TesseraError(.protocolViolation, "the peer cannot be understood", cause: error)
            end(context, reason: name(error), farewell: Frame(refusing: error))
        }
    }

    private func consume(_ bytes: inout UnsafeRawBufferPointer, _ context: ChannelHandlerContext) throws {
        if case .awaitingPreamble = phase {
            guard readPreamble(&bytes, context) else { return }
            phase = .awaitingHello
        }
        while !hasEnded, let frame = try parser.next(from: &bytes) {
            // What has arrived is counted with what is unread.
            share = nil
            try handle(frame, context)
        }
        let claimed = parser.claimedByteCount
        guard !hasEnded, claimed != share?.byteCount ?? 0 else { return }
        share = nil
        share = try transport.memory.reserve(claimed)
    }

    private func handle(_ frame: Frame, _ context: ChannelHandlerContext) throws {
        switch (phase, frame.type) {
        case (.established(let information), .message):
            try transport.deliver(frame.message, from: information.peer, on: connection)
        case (.established(let information), .revoked):
            try transport.learn(ofRevocations: frame.message.body, from: information.peer)
        case (.established, .heartbeat):
            break
        case (.awaitingHello, .hello):
            try meet(try frame.message.decode(PeerInformation.self), context)
        case (.awaitingReady(let information), .ready):
            establish(information, context)
        case (.established, .goodbye):
            end(context, reason: nil, farewell: nil)
        case (_, .refusal):
            beRefused(frame, context)
        default:
            throw TesseraError(.protocolViolation, "found a frame of type '\(frame.type)' out of place")
        }
    }

    /// Adds who it was to a breach of the protocol.
    private func name(_ error: TesseraError) -> TesseraError {
        guard case .established(let information) = phase, error.code == .protocolViolation else { return error }
        return TesseraError(
            error.code, "'\(information.peer)' broke the wire protocol: \(error.message)", cause: error.cause)
    }
}
