import Logging
import Synchronization
import TesseraCore

/// This member's place in the group, which it loses when its interface goes down or away, and takes again when that is back.
///
/// NORM tries to send again and again, as fast as its rate allows, while the system refuses; so its session ends at the first refusal.
final class GroupMembership: Sendable {
    private struct State {
        var session: NormSession?
        /// How many sessions there were, and the last one of them that failed.
        var started = 0
        var failed = 0
        var isClosed = false
        var recovery: Task<Void, Never>?
        var joined = ContinuousClock.now
        /// How often in a row it was lost soon after it had been gained.
        var relapses = 0
    }

    private static let soon = Duration.seconds(10)

    private let settings: MulticastSettings
    private let node: UInt32
    private let hooks: MulticastHooks
    private let logger: Logger
    private let receive: @Sendable (UnsafeRawBufferPointer) -> Void
    private let state = Mutex(State())

    /// Joins the group.
    ///
    /// - Throws: `inputOutput` if the group cannot be joined, `notFound` if the interface is not there.
    init(
        _ settings: MulticastSettings, node: UInt32, hooks: MulticastHooks, logger: Logger,
        receive: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) throws {
        (self.settings, self.node, self.hooks) = (settings, node, hooks)
        (self.logger, self.receive) = (logger, receive)
        try join()
    }

    /// Called each time the membership is lost.
    let onLoss = Mutex<@Sendable () -> Void>({})

    private func join() throws {
        let number = state.withLock { state in
            state.started += 1
            return state.started
        }
        let session = try NormSession(
            settings, node: node, hooks: hooks, fail: { [weak self] in self?.lose(number) }, receive: receive)
        let (isLate, hasFailed) = state.withLock { state in
            if !state.isClosed { (state.session, state.joined) = (session, .now) }
            return (state.isClosed, state.failed == number)
        }
        if isLate { Task { await session.close() } }
        // It may have failed before anybody knew it.
        if hasFailed { lose(number) }
    }

    /// Whether it belongs to the group now.
    var isMember: Bool { state.withLock { $0.session != nil } }

    /// The rate at which this member sends now, or would.
    var bitsPerSecond: Double { state.withLock { $0.session }?.bitsPerSecond ?? settings.rate * 1e6 }

    /// Sends an object to all members.
    ///
    /// - Returns: nil if it cannot be queued.
    func send(_ bytes: [UInt8]) -> NormSession.Object? { state.withLock { $0.session }?.send(bytes) }

    /// Ends the repair of an object.
    func cancel(_ object: NormSession.Object) { state.withLock { $0.session }?.cancel(object) }

    /// Leaves the group as if its session had failed.
    func lose() { lose(state.withLock { $0.started }) }

    /// Leaves the group because of a session that failed, and tries to join it again until that works.
    private func lose(_ number: Int) {
        let isLost = state.withLock { state in
            state.failed = number
            guard let session = state.session, number == state.started, !state.isClosed else { return false }
            state.session = nil
            state.relapses = state.joined + Self.soon < .now ? 0 : min(state.relapses + 1, 5)
            let pause = settings.rejoin * Double(1 << state.relapses)
            state.recovery = Task { [weak self] in
                await session.close()
                while !Task.isCancelled {
                    try? await Task.sleep(for: .seconds(pause))
                    guard let self, !self.rejoin() else { return }
                }
            }
            return true
        }
        guard isLost else { return }
        logger.warning(
            "nothing can be sent by multicast, so everything goes by TCP until that works",
            metadata: ["group": "\(settings.group)", "interface": "\(settings.interface)"])
        onLoss.withLock { $0 }()
    }

    /// - Returns: whether there is nothing left to try.
    private func rejoin() -> Bool {
        guard !Task.isCancelled else { return true }
        do {
            try join()
        } catch {
            logger.debug("the multicast group cannot be joined yet", metadata: ["error": "\(error)"])
            return false
        }
        logger.notice(
            "joined the multicast group again",
            metadata: ["group": "\(settings.group)", "interface": "\(settings.interface)"])
        return true
    }

    /// Leaves the group for good.
    func close() async {
        let (session, recovery) = state.withLock { state in
            state.isClosed = true
            defer { (state.session, state.recovery) = (nil, nil) }
            return (state.session, state.recovery)
        }
        recovery?.cancel()
        await recovery?.value
        await session?.close()
    }
}
