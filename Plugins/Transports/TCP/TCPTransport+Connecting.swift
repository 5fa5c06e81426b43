import Foundation
import NIOCore
import NIOPosix
import TesseraCluster
import TesseraCore

extension TCPTransport {
    /// Connects to a peer and says who it is.
    ///
    /// - Throws: `notSupported` for an address off loopback without certificates, `notFound` for a host that cannot be resolved, `nodeFailure` if
    ///   nobody answers in time, and the reason of a peer that refuses; every one names the address.
    @discardableResult
    public func connect(to address: String) async throws -> PeerID {
        let target = try TCPAddress(address)
        var failure: (any Error)?
        for candidate in try await resolve(target) {
            do {
                return try await dial(candidate)
            } catch let error as TesseraError {
                throw TesseraError(error.code, "cannot connect to '\(target)': \(error.message)", cause: error.cause)
            } catch {
                failure = failure ?? error
            }
        }
        throw TesseraError(.nodeFailure, "cannot connect to '\(target)': \(describe(failure))")
    }

    func listen(on address: String) async throws {
        let target = try TCPAddress(address)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in self.prepare(channel, dial: nil) }
            .transportChannelOptions()
        var failure: (any Error)?
        for candidate in try await resolve(target) {
            do {
                let listener = try await bootstrap.bind(to: candidate).get()
                state.withLock { $0.listener = listener }
                logger.debug("listening", metadata: ["address": "\(listener.localAddress?.hostAndPort ?? address)"])
                return
            } catch {
                failure = failure ?? error
                // The other addresses of the host would be a different port to whoever knows this one.
                if (error as? IOError)?.errnoCode == EADDRINUSE { break }
            }
        }
        throw TesseraError(.inputOutput, "cannot listen on '\(target)': \(describe(failure))")
    }

    /// Throws a `TesseraError` if a peer answered, another error if none did.
    private func dial(_ address: SocketAddress) async throws -> PeerID {
        let met = group.any().makePromise(of: PeerID.self)
        let bootstrap = ClientBootstrap(group: group)
            .connectTimeout(.seconds(settings.connectTimeout))
            .channelInitializer { channel in self.prepare(channel, dial: met) }
            .transportChannelOptions()
        do {
            _ = try await bootstrap.connect(to: address).get()
        } catch {
            met.fail(error)
            throw error
        }
        return try await met.futureResult.get()
    }

    private func prepare(_ channel: any Channel, dial: EventLoopPromise<PeerID>?) -> EventLoopFuture<Void> {
        let id = ObjectIdentifier(channel)
        if let reason = state.withLock({ refusal(of: channel, isDialed: dial != nil, &$0) }) {
            logger.debug("connection turned away", metadata: ["reason": "\(reason)"])
            // Whoever dialed is told, if it speaks without TLS: before that, there is nothing that it would understand.
            guard dial == nil, identity == nil else { return channel.eventLoop.makeFailedFuture(reason) }
            return channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(RefusingHandler(reason))
            }
        }
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { state in
                state.channels[id] = nil
                state.strangers.remove(id)
            }
        }
        return channel.eventLoop.makeCompletedFuture {
            if let identity {
                try channel.pipeline.syncOperations.addHandler(identity.handler(isDialer: dial != nil))
            }
            try channel.pipeline.syncOperations.addHandler(
                ConnectionHandler(transport: self, channel: channel, dial: dial))
        }
    }

    /// Takes a connection in if there is room for it, and else says why not.
    private func refusal(of channel: any Channel, isDialed: Bool, _ state: inout State) -> TesseraError? {
        guard state.closing == nil else { return TesseraError(.nodeFailure, "'\(localPeer)' is closed") }
        let isFull = state.channels.count >= settings.connections
        guard !isFull, isDialed || state.strangers.count < settings.strangers else {
            state.counts.turnedAway += 1
            let what =
                isFull
                ? "\(settings.connections) connections (the limit 'connections')"
                : "\(settings.strangers) connections whose other end is not known (the limit 'strangers')"
            return TesseraError(.limitExceeded, "expected '\(localPeer)' to have at most \(what), found one more")
        }
        if !isDialed { state.strangers.insert(ObjectIdentifier(channel)) }
        state.channels[ObjectIdentifier(channel)] = channel
        state.counts.opened += 1
        return nil
    }

    private func resolve(_ address: TCPAddress) async throws -> [SocketAddress] {
        try await NIOThreadPool.singleton.runIfActive { [isTrusted = identity != nil] in
            try address.resolve(beyondLoopback: isTrusted)
        }
    }

    private func describe(_ error: (any Error)?) -> String {
        switch error {
        case let error as IOError where error.errnoCode == ECONNREFUSED: "nobody listens there (connection refused)"
        case let error as IOError where error.errnoCode == EADDRINUSE: "the address is in use"
        case let error as IOError where error.errnoCode == EACCES: "permission denied"
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case let error as ChannelError where error.isTimeout: "no answer within \(settings.connectTimeout) s"
        case let error?: "\(error)"
        case nil: "the host has no address"
        }
    }
}

extension ChannelError {
    fileprivate var isTimeout: Bool {
        if case .connectTimeout = self { true } else { false }
    }
}

extension ServerBootstrap {
    fileprivate func transportChannelOptions() -> ServerBootstrap {
        childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 256 << 10, high: 1 << 20))
            .childChannelOption(.recvAllocator, value: .transport)
    }
}

extension ClientBootstrap {
    fileprivate func transportChannelOptions() -> ClientBootstrap {
        channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.maxMessagesPerRead, value: 4)
            .channelOption(.writeBufferWaterMark, value: .init(low: 256 << 10, high: 1 << 20))
            .channelOption(.recvAllocator, value: .transport)
    }
}

extension RecvByteBufferAllocator where Self == AdaptiveRecvByteBufferAllocator {
    /// Small while there are small messages, large enough for few system calls while a tensor arrives.
    fileprivate static var transport: AdaptiveRecvByteBufferAllocator {
        AdaptiveRecvByteBufferAllocator(minimum: 4 << 10, initial: 64 << 10, maximum: 1 << 20)
    }
}
