import NIOCore
import NIOHTTP1
import TesseraCluster

/// Answers one request and closes the connection.
final class MetricsHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// What a request and its answer may take.
    private static let patience = TimeAmount.seconds(10)

    private let metrics: @Sendable () async -> [MetricFamily]
    private var head: HTTPRequestHead?
    private var timer: Scheduled<Void>?

    init(_ metrics: @escaping @Sendable () async -> [MetricFamily]) { self.metrics = metrics }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        timer = context.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) { timer?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = self.head ?? head
        case .body: break
        case .end:
            guard let head else { return }
            answer(head, on: context.channel)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ head: HTTPRequestHead, on channel: any Channel) {
        let path = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)[0]
        guard path == "/metrics" else { return Self.send(.notFound, "expected the path /metrics\n", head, channel) }
        guard [.GET, .HEAD].contains(head.method) else {
            return Self.send(.methodNotAllowed, "expected the method GET\n", head, channel)
        }
        let text = channel.eventLoop.makePromise(of: String.self)
        text.completeWithTask { [metrics] in await metrics().map(\.text).joined() }
        text.futureResult.whenSuccess { Self.send(.ok, $0, head, channel) }
    }

    private static func send(
        _ status: HTTPResponseStatus, _ text: String, _ request: HTTPRequestHead, _ channel: any Channel
    ) {
        let body = channel.allocator.buffer(string: text)
        let headers: HTTPHeaders = [
            "Content-Type": status == .ok ? "text/plain; version=0.0.4; charset=utf-8" : "text/plain; charset=utf-8",
            "Content-Length": "\(body.readableBytes)", "Connection": "close",
        ]
        channel.write(
            HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)),
            promise: nil)
        if request.method != .HEAD { channel.write(HTTPServerResponsePart.body(.byteBuffer(body)), promise: nil) }
        channel.writeAndFlush(HTTPServerResponsePart.end(nil)).whenComplete { _ in channel.close(promise: nil) }
    }
}
