import NIOCore
import TesseraCluster
import TesseraCore

/// Tells whoever dialed why there is no room for it, and closes.
final class RefusingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// How long the other end has to read the refusal.
    private static let patience = TimeAmount.milliseconds(200)

    private let reason: TesseraError

    init(_ reason: TesseraError) { self.reason = reason }

    func channelActive(context: ChannelHandlerContext) {
        let refusal = (try? Frame(refusing: reason).head()) ?? []
        let buffer = context.channel.allocator.buffer(bytes: WireFormat.preamble() + refusal)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        // Closed at once, the connection would be reset by what still comes, and take the refusal with it.
        context.close(mode: .output, promise: nil)
        let channel = context.channel
        context.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
    }

    /// Nothing that it says matters any more.
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}
}
