import Foundation
import Logging
import Synchronization
import TesseraCluster
import TesseraCore

/// Puts what arrives by TCP and by multicast in the order in which each peer sent it.
///
/// A broadcast has its place where its announcement came; what the peer sent later waits behind it.
final class MulticastInbox: Sendable {
    /// One of a peer's messages, in its place.
    private enum Place {
        case message(Message, onConsumption: (@Sendable () -> Void)?)
        case broadcast(UInt64)
    }

    private struct Arrival {
        let announcement: Announcement
        var parts: [Data?]

        init(_ announcement: Announcement) {
            self.announcement = announcement
            parts = Array(repeating: nil, count: announcement.objectCount)
        }
    }

    private struct Sender {
        let instance: UUID
        var places = FIFO<Place>()
        var arrivals: [UInt64: Arrival] = [:]
        /// Broadcasts that are there and wait for their turn; nil for one that was no message.
        var ready: [UInt64: Message?] = [:]
        var lastAnnounced: UInt64 = 0
        /// Bytes of messages that wait behind a broadcast.
        var heldByteCount = 0
        /// Objects that are there, by broadcast, which the sender has not been told yet.
        var unconfirmed: [UInt64: [Int]] = [:]
    }

    private struct State {
        var senders: [PeerID: Sender] = [:]
        var early = EarlyObjects()
        var counts = MulticastCounts()
    }

    /// Bytes of broadcasts that are there and that nobody has consumed, and who is told so late because of them.
    private struct Unread {
        var byteCount = 0
        var waiting: Set<PeerID> = []
    }

    /// Bytes behind a broadcast up to which reading goes on: a substitute for it may come behind them.
    private static let heldLimit = 8 << 20

    private let limits: FrameLimits
    private let unreadLimit: Int
    private let logger: Logger
    private let queue: EventQueue
    /// Called when a sender must be told what has arrived.
    private let confirm: @Sendable (PeerID) -> Void
    private let state = Mutex(State())
    private let unread = Mutex(Unread())

    init(
        limits: FrameLimits, unreadLimit: Int, logger: Logger, queue: EventQueue,
        confirm: @escaping @Sendable (PeerID) -> Void
    ) {
        (self.limits, self.unreadLimit, self.logger) = (limits, unreadLimit, logger)
        (self.queue, self.confirm) = (queue, confirm)
    }

    var counts: MulticastCounts { state.withLock { $0.counts } }

    // MARK: What TCP brings

    func appeared(_ information: PeerInformation) {
        state.withLock { state in
            state.senders[information.peer] = Sender(instance: information.instance)
            queue.push(.appeared(information.peer, information))
        }
    }

    /// What waited behind a broadcast that can no longer arrive is lost with it.
    func left(_ peer: PeerID, reason: TesseraError?) {
        state.withLock { state in
            let lost = state.senders.removeValue(forKey: peer)?.ready.values.reduce(0) { $0 + ($1?.byteCount ?? 0) }
            unread.withLock { $0.byteCount -= lost ?? 0 }
            queue.push(.left(peer, reason: reason))
        }
    }

    func received(_ message: Message, from peer: PeerID, _ onConsumption: (@Sendable () -> Void)?) {
        state.withLock { state in
            guard state.senders[peer]?.places.isEmpty == false else {
                return queue.push(.received(message, from: peer), onConsumption: onConsumption)
            }
            let held = state.senders[peer]?.heldByteCount ?? 0
            let goesOn = held < Self.heldLimit
            state.senders[peer]?.places.append(.message(message, onConsumption: goesOn ? nil : onConsumption))
            state.senders[peer]?.heldByteCount += message.byteCount
            if goesOn { onConsumption?() }
        }
    }

    func announced(_ message: Message, by peer: PeerID) throws {
        let announcement = try Announcement(message, limits: limits)
        let number = announcement.number
        let early = try state.withLock { state in
            guard let sender = state.senders[peer], number > sender.lastAnnounced else {
                throw TesseraError(.protocolViolation, "'\(peer)' announced broadcast \(number) out of turn")
            }
            state.senders[peer]?.lastAnnounced = number
            state.senders[peer]?.arrivals[number] = Arrival(announcement)
            state.senders[peer]?.places.append(.broadcast(number))
            return state.early.take { $0.instance == sender.instance && $0.number == number }
        }
        for (label, object) in early { take(object, label, announcement, from: peer) }
    }

    /// A whole broadcast came by TCP.
    func substituted(_ message: Message, by peer: PeerID) throws {
        let body = try message.decode(MulticastMessage.Substitute.self)
        let original = try body.original(in: message)
        state.withLock { state in
            guard state.senders[peer]?.arrivals.removeValue(forKey: body.number) != nil else { return }
            finish(body.number, original, from: peer, &state)
        }
    }

    // MARK: What multicast brings

    /// Takes an object from the network, where anybody may have sent it.
    func received(_ bytes: UnsafeRawBufferPointer) {
        guard let label = ObjectLabel(bytes) else { return state.withLock { $0.counts.strange += 1 } }
        let object = Data(bytes)
        let known = state.withLock { state -> (PeerID, Announcement)? in
            guard let (peer, sender) = state.senders.first(where: { $0.value.instance == label.instance }),
                label.number <= sender.lastAnnounced
            else {
                state.counts.strange += state.early.add(object, label)
                return nil
            }
            guard let arrival = sender.arrivals[label.number] else {
                state.counts.repeated += 1
                return nil
            }
            return (peer, arrival.announcement)
        }
        if let (peer, announcement) = known { take(object, label, announcement, from: peer) }
    }

    private func take(_ object: Data, _ label: ObjectLabel, _ announcement: Announcement, from peer: PeerID) {
        // Deciphered outside the lock.
        let content = announcement.content(of: object, label, from: peer)
        let isNew = state.withLock { state in
            guard let content else {
                state.counts.forged += 1
                return false
            }
            guard let arrival = state.senders[peer]?.arrivals[label.number], arrival.parts[label.index] == nil else {
                state.counts.repeated += 1
                return false
            }
            state.senders[peer]?.arrivals[label.number]?.parts[label.index] = content
            state.senders[peer]?.unconfirmed[label.number, default: []].append(label.index)
            complete(label.number, from: peer, &state)
            return true
        }
        if isNew { confirm(peer) }
    }

    /// Puts a broadcast together if all of it is there.
    private func complete(_ number: UInt64, from peer: PeerID, _ state: inout State) {
        guard let parts = state.senders[peer]?.arrivals[number]?.parts, parts.allSatisfy({ $0 != nil }) else { return }
        state.senders[peer]?.arrivals[number] = nil
        do {
            finish(number, try Self.message(parts.compactMap(\.self), limits), from: peer, &state)
        } catch {
            logger.error("a broadcast was dropped", metadata: ["peer": "\(peer)", "error": "\(error)"])
            finish(number, nil, from: peer, &state)
        }
    }

    private static func message(_ parts: [Data], _ limits: FrameLimits) throws -> Message {
        var parser = FrameParser(limits: limits)
        for part in parts {
            let frame = try part.withUnsafeBytes { bytes in
                var bytes = bytes
                return try parser.next(from: &bytes)
            }
            if let frame { return frame.message }
        }
        throw TesseraError(.protocolViolation, "a broadcast ends within its message")
    }

    private func finish(_ number: UInt64, _ message: Message?, from peer: PeerID, _ state: inout State) {
        state.senders[peer]?.ready.updateValue(message, forKey: number)
        unread.withLock { $0.byteCount += message?.byteCount ?? 0 }
        deliver(from: peer, &state)
    }

    /// Hands over what has no gap before it.
    private func deliver(from peer: PeerID, _ state: inout State) {
        while let place = state.senders[peer]?.places.first {
            switch place {
            case .message(let message, let onConsumption):
                queue.push(.received(message, from: peer), onConsumption: onConsumption)
                state.senders[peer]?.heldByteCount -= message.byteCount
            case .broadcast(let number):
                guard let entry = state.senders[peer]?.ready.removeValue(forKey: number) else { return }
                if let message = entry {
                    let byteCount = message.byteCount
                    queue.push(.received(message, from: peer)) { self.consumed(byteCount) }
                }
            }
            _ = state.senders[peer]?.places.popFirst()
        }
    }

    // MARK: Confirmations

    /// What a sender has to be told. While too much is unread nobody is told anything, which holds senders back.
    func confirmations(for peer: PeerID) -> [MulticastMessage.Confirmation] {
        let isHeldBack = unread.withLock { unread in
            guard unread.byteCount > unreadLimit else { return false }
            unread.waiting.insert(peer)
            return true
        }
        guard !isHeldBack else { return [] }
        return state.withLock { state in
            let objects = state.senders[peer]?.unconfirmed ?? [:]
            state.senders[peer]?.unconfirmed = [:]
            return objects.map { MulticastMessage.Confirmation(number: $0, objects: $1) }
        }
    }

    private func consumed(_ byteCount: Int) {
        let waiting = unread.withLock { unread -> Set<PeerID> in
            unread.byteCount -= byteCount
            guard unread.byteCount <= unreadLimit / 2 else { return [] }
            defer { unread.waiting = [] }
            return unread.waiting
        }
        for peer in waiting { confirm(peer) }
    }
}
