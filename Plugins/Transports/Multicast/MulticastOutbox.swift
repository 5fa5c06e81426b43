import Synchronization
import TesseraCluster
import TesseraCore

/// The broadcasts that are under way, and how far each receiver is with them.
///
/// A receiver confirms every object. One that confirms nothing for too long *lags*: it is fed by TCP what it lacks, and for a while
/// gets no broadcasts by multicast.
final class MulticastOutbox: Sendable {
    /// A broadcast that has not reached everybody.
    private struct Parcel {
        let content: BroadcastContent
        /// Objects that each receiver has not confirmed.
        var unconfirmed: [PeerID: Set<Int>]
        /// Receivers that have been told of it.
        var announced: Set<PeerID> = []
        /// Objects that are sent and that somebody lacks; nil for one that the group's session did not take.
        var sent: [Int: NormSession.Object?] = [:]

        func isLacked(_ index: Int) -> Bool { unconfirmed.values.contains { $0.contains(index) } }

        /// What an object counts for in a window of `bound` bytes: many small ones are bounded in number.
        func size(of index: Int, _ bound: Int) -> Int {
            max(BroadcastContent.range(index, of: content.byteCount).count, bound / MulticastOutbox.objectLimit)
        }
    }

    private struct Receiver {
        /// Tells it from one of the same name that was there before.
        let appearance: UInt64
        /// Broadcasts that it has not confirmed whole.
        var pending: Set<UInt64> = []
        /// Objects that were sent and that it has not confirmed.
        var underWay = 0
        /// When it confirmed something last, or was first sent something to confirm.
        var since = ContinuousClock.now
        /// Lets messages to it through, a limited number of bytes while broadcasts are pending.
        var passage: FlowWindow?
        var restsUntil: ContinuousClock.Instant?
        /// What it lacks is being sent by TCP.
        var isFed = false

        var isAwaited: Bool { underWay > 0 && restsUntil == nil }
    }

    private struct State {
        var parcels: [UInt64: Parcel] = [:]
        var receivers: [PeerID: Receiver] = [:]
        var lastNumber: UInt64 = 0
        var lastAppearance: UInt64 = 0
        var isWatched = false
        var waiters: [CheckedContinuation<Void, Never>] = []
        var counts = MulticastCounts()
    }

    /// Bytes that may overtake a broadcast on the way to a receiver, which has to hold them until that is there.
    private static let passage = 1 << 20
    /// Objects that may be under way at once.
    private static let objectLimit = 128

    private let membership: GroupMembership
    private let settings: MulticastSettings
    private let window: FlowWindow
    private let state = Mutex(State())

    init(membership: GroupMembership, settings: MulticastSettings) {
        (self.membership, self.settings) = (membership, settings)
        window = FlowWindow(bound: settings.window)
    }

    var counts: MulticastCounts { state.withLock { $0.counts } }

    // MARK: Receivers

    /// A peer of the same group can be sent to.
    func add(_ peer: PeerID) {
        state.withLock { state in
            state.lastAppearance += 1
            state.receivers[peer] = Receiver(appearance: state.lastAppearance)
        }
    }

    func remove(_ peer: PeerID) {
        state.withLock { state in
            for number in state.receivers[peer]?.pending ?? [] { finish(number, for: peer, &state) }
            state.receivers[peer] = nil
        }
    }

    /// Which of `peers` are sent broadcasts by multicast.
    func reachable(_ peers: [PeerID]) -> [PeerID] {
        guard membership.isMember else { return [] }
        let now = ContinuousClock.now
        return state.withLock { state in
            peers.filter { peer in
                guard let receiver = state.receivers[peer], !receiver.isFed else { return false }
                return receiver.restsUntil.map { $0 <= now } ?? true
            }
        }
    }

    /// Waits until a message that goes to the peer beside the broadcasts may overtake them.
    func admit(_ byteCount: Int, to peer: PeerID) async throws {
        try await state.withLock { $0.receivers[peer]?.passage }?.admit(byteCount)
    }

    /// Peers that did not confirm in time what was sent by multicast.
    var resting: [PeerID] {
        state.withLock { state in state.receivers.filter { $0.value.restsUntil != nil }.keys.sorted() }
    }

    // MARK: Broadcasts

    /// Takes a broadcast for `peers`.
    ///
    /// - Returns: its number, and which appearance of each peer it is for.
    func begin(_ content: BroadcastContent, to peers: [PeerID]) -> (number: UInt64, appearances: [PeerID: UInt64]) {
        state.withLock { state in
            state.lastNumber += 1
            let present = peers.filter { state.receivers[$0] != nil }
            let objects = Set(0..<content.objectCount)
            for peer in present {
                state.receivers[peer]?.restsUntil = nil
                state.receivers[peer]?.pending.insert(state.lastNumber)
                if state.receivers[peer]?.passage == nil {
                    state.receivers[peer]?.passage = FlowWindow(bound: Self.passage)
                }
            }
            if !present.isEmpty {
                state.counts.broadcasts += 1
                state.counts.broadcastByteCount += content.byteCount
                state.parcels[state.lastNumber] = Parcel(
                    content: content, unconfirmed: Dictionary(uniqueKeysWithValues: present.map { ($0, objects) }))
            }
            let appearances = present.map { ($0, state.receivers[$0]?.appearance ?? 0) }
            return (state.lastNumber, Dictionary(uniqueKeysWithValues: appearances))
        }
    }

    /// Whether a peer has come since a broadcast began, so that the broadcast is not for it.
    func hasComeAnew(_ peer: PeerID, since appearance: UInt64?) -> Bool {
        state.withLock { state in state.receivers[peer].map { $0.appearance != appearance } ?? false }
    }

    /// A receiver has been told of a broadcast.
    ///
    /// - Returns: whether it lags and nobody feeds it, so that the caller must.
    func announced(_ number: UInt64, to peer: PeerID) -> Bool {
        state.withLock { state in
            state.parcels[number]?.announced.insert(peer)
            guard let receiver = state.receivers[peer], receiver.restsUntil != nil, !receiver.isFed else {
                return false
            }
            state.receivers[peer]?.isFed = true
            return true
        }
    }

    /// Sends one object, made by `make`, once there is room and as long as anybody lacks it.
    ///
    /// - Returns: whether somebody must be watched for who was not before.
    func send(_ number: UInt64, _ index: Int, _ make: () throws -> [UInt8]) async throws -> Bool {
        guard let size = state.withLock({ $0.parcels[number]?.size(of: index, window.bound) }) else { return false }
        try await window.admit(size)
        let isLacked = state.withLock { $0.parcels[number]?.isLacked(index) ?? false }
        let object = isLacked ? membership.send(try make()) : nil
        return state.withLock { state in
            guard let parcel = state.parcels[number], parcel.isLacked(index) else {
                if let object { membership.cancel(object) }
                window.release(size)
                return false
            }
            state.parcels[number]?.sent.updateValue(object, forKey: index)
            for (peer, objects) in parcel.unconfirmed where objects.contains(index) {
                if state.receivers[peer]?.underWay == 0 { state.receivers[peer]?.since = .now }
                state.receivers[peer]?.underWay += 1
            }
            defer { state.isWatched = true }
            return !state.isWatched
        }
    }

    func confirm(_ number: UInt64, _ objects: [Int], by peer: PeerID) {
        state.withLock { state in
            for index in objects { confirm(number, index, by: peer, &state) }
            state.receivers[peer]?.since = .now
            guard state.parcels[number]?.unconfirmed[peer]?.isEmpty == true else { return }
            finish(number, for: peer, &state)
        }
    }

    private func confirm(_ number: UInt64, _ index: Int, by peer: PeerID, _ state: inout State) {
        guard state.parcels[number]?.unconfirmed[peer]?.remove(index) != nil else { return }
        guard let parcel = state.parcels[number], let object = parcel.sent[index] else { return }
        state.receivers[peer]?.underWay -= 1
        guard !parcel.isLacked(index) else { return }
        if let object { membership.cancel(object) }
        state.parcels[number]?.sent.removeValue(forKey: index)
        window.release(parcel.size(of: index, window.bound))
    }

    /// A receiver has a whole broadcast, or is gone.
    private func finish(_ number: UInt64, for peer: PeerID, _ state: inout State) {
        for index in state.parcels[number]?.unconfirmed[peer] ?? [] { confirm(number, index, by: peer, &state) }
        state.parcels[number]?.unconfirmed[peer] = nil
        state.receivers[peer]?.pending.remove(number)
        if state.receivers[peer]?.pending.isEmpty == true {
            // Whoever waits there, or is about to, passes.
            state.receivers[peer]?.passage?.release(.max / 2)
            state.receivers[peer]?.passage = nil
        }
        guard state.parcels[number]?.unconfirmed.isEmpty == true else { return }
        state.parcels[number] = nil
        guard state.parcels.isEmpty else { return }
        for waiter in state.waiters { waiter.resume() }
        state.waiters = []
    }

    /// Waits until everybody has everything.
    func waitUntilEmpty() async {
        await withCheckedContinuation { continuation in
            state.withLock { state in
                if state.parcels.isEmpty { continuation.resume() } else { state.waiters.append(continuation) }
            }
        }
    }

    // MARK: Receivers that lag

    /// When to look again for receivers that lag; nil if nothing is under way, and nobody watches any more.
    func nextCheck() -> ContinuousClock.Instant? {
        let patience = patience
        return state.withLock { state in
            let next = state.receivers.values.filter(\.isAwaited).map { $0.since + patience }.min()
            state.isWatched = next != nil
            return next
        }
    }

    /// How long a receiver may confirm nothing: twice what it takes to send all that is under way, and some more.
    private var patience: Duration {
        .seconds(settings.confirmTimeout + 16 * Double(max(0, window.outstanding)) / max(1, membership.bitsPerSecond))
    }

    /// Receivers that lag from now on, which the caller must feed.
    func lagging() -> [PeerID] {
        let (now, patience) = (ContinuousClock.now, patience)
        return state.withLock { state in
            let late = state.receivers.filter { $0.value.isAwaited && $0.value.since + patience <= now }
            for peer in late.keys {
                state.receivers[peer]?.restsUntil = now + .seconds(settings.retry)
                state.receivers[peer]?.isFed = true
            }
            return late.keys.sorted()
        }
    }

    /// Nothing of what is under way goes on by multicast.
    ///
    /// - Returns: the receivers that lack something of it, which the caller must feed.
    func interrupt() -> [PeerID] {
        state.withLock { state in
            let lacking = state.receivers.filter { !$0.value.pending.isEmpty && !$0.value.isFed }.keys.sorted()
            for peer in lacking {
                state.receivers[peer]?.restsUntil = .now
                state.receivers[peer]?.isFed = true
            }
            return lacking
        }
    }

    /// The next broadcast that a receiver which lags must be fed, the oldest first; nil if there is none.
    func nextMeal(for peer: PeerID) -> (number: UInt64, message: Message)? {
        state.withLock { state in
            let pending = state.receivers[peer]?.pending.sorted() ?? []
            let next = pending.first { state.parcels[$0]?.announced.contains(peer) == true }
            guard let next, let parcel = state.parcels[next] else {
                state.receivers[peer]?.isFed = false
                return nil
            }
            return (next, parcel.content.message)
        }
    }

    /// A receiver has been sent a broadcast by TCP.
    func fed(_ number: UInt64, to peer: PeerID) {
        state.withLock { state in
            state.counts.substitutes += 1
            finish(number, for: peer, &state)
        }
    }
}
