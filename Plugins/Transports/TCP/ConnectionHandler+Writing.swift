import NIOCore
import TesseraCluster
import TesseraCore

extension ConnectionHandler {
    /// Bytes that are copied for one write. They stay in the processor's cache until the kernel takes them.
    private static let chunkSize = 256 << 10
    /// Bytes that one connection may write before others get their turn.
    private static let turn = 4 << 20

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        pump(context)
        context.fireChannelWritabilityChanged()
    }

    /// Writes queued frames as far as the socket takes them.
    func pump(_ context: ChannelHandlerContext) {
        guard case .established = phase, !isPumping else { return }
        isPumping = true
        var written = 0
        while context.channel.isWritable, written < Self.turn {
            let before = written
            while context.channel.isWritable, written < Self.turn, let chunk = nextChunk(context) {
                written += chunk.readableBytes
                context.write(wrapOutboundOut(chunk), promise: nil)
            }
            guard written > before else { break }
            context.flush()
        }
        isPumping = false
        hasWritten = hasWritten || written > 0
        if written >= Self.turn { return connection.signal(.send) }
        if isLeaving, current == nil, connection.outgoing.isEmpty {
            end(context, reason: nil, farewell: Frame(.goodbye))
        }
    }

    /// The next bytes of the queue: a piece of a large frame, or several small ones.
    private func nextChunk(_ context: ChannelHandlerContext) -> ByteBuffer? {
        guard let first = current ?? connection.outgoing.popFirst() else { return nil }
        var buffer = context.channel.allocator.buffer(capacity: min(Self.chunkSize, first.remaining))
        var frame: OutgoingFrame? = first
        while var next = frame {
            let isComplete = next.write(into: &buffer, limit: Self.chunkSize - buffer.readableBytes)
            current = isComplete ? nil : next
            frame = isComplete && buffer.readableBytes < Self.chunkSize ? connection.outgoing.popFirst() : nil
        }
        connection.outgoing.release(buffer.readableBytes)
        return buffer
    }

    /// Takes leave once everything queued is written.
    func leave(_ context: ChannelHandlerContext) {
        guard case .established = phase else {
            return end(
                context, reason: TesseraError(.nodeFailure, "'\(transport.localPeer)' was closed"), farewell: nil)
        }
        isLeaving = true
        pump(context)
    }

    /// Sends signs of life while there is nothing else to send, and looks for the peer's.
    func keepAlive(_ context: ChannelHandlerContext) {
        guard case .established = phase else { return }
        let scheduled = NIODeadline.now()
        schedule(in: settings.heartbeat, context) { handler, context in
            guard case .established(let information) = handler.phase else { return }
            handler.countRetransmissions(context)
            let now = NIODeadline.now()
            let silence = TimeAmount.seconds(handler.settings.silence)
            if handler.wantsRead || now - scheduled > silence {
                // Nothing can have been heard: reading is paused, or this process was.
                handler.lastHeard = now
            } else if now - handler.lastHeard > silence {
                let error = TesseraError(
                    .nodeFailure, "no sign of life from '\(information.peer)' for \(handler.settings.silence) s")
                return handler.drop(context, error)
            }
            if !handler.hasWritten, handler.current == nil, context.channel.isWritable {
                handler.write(Frame(.heartbeat), context)
                context.flush()
            }
            handler.hasWritten = false
            handler.keepAlive(context)
        }
    }

    /// Writes a frame that is part of the protocol, between two messages.
    func write(_ frame: Frame, _ context: ChannelHandlerContext) {
        guard let bytes = try? frame.head() else { return }
        writeBytes(bytes, context)
    }

    func writeBytes(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(context.channel.allocator.buffer(bytes: bytes)), promise: nil)
    }
}
