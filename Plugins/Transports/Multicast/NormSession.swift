import CNORM
import Foundation
import Synchronization
import TesseraCluster
import TesseraCore

/// A member of a multicast group that speaks NORM (RFC 5740): objects that one sends reach all others that listen, repaired where
/// packets were lost.
///
/// `@unchecked Sendable`: the pointer to the C session is used under the lock, or on the thread that receives, and that thread frees it
/// when the lock has let nobody near it any more.
package final class NormSession: @unchecked Sendable {
    /// An object that was sent.
    package struct Object: Hashable, @unchecked Sendable {
        /// Never followed here: a name for the C library.
        fileprivate let handle: UnsafeRawPointer
        /// Tells it from one of another session, whose name may be the same.
        fileprivate let session: UInt64
    }

    private struct State {
        var isClosed = false
        /// What the library reads from until an object is cancelled.
        var buffers: [Object: UnsafeMutableRawBufferPointer] = [:]
        var hasEnded = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private static let count = Mutex<UInt64>(0)

    private let session: OpaquePointer
    private let number: UInt64
    private let state = Mutex(State())

    /// Joins the group.
    ///
    /// - Parameters:
    ///   - node: names this member in the group.
    ///   - hooks: for tests.
    ///   - fail: called once if the system refuses to send, as it does when the interface is gone. The session ends then.
    ///   - receive: takes each object that arrives, on a thread of the session's own.
    /// - Throws: `inputOutput` if the group cannot be joined.
    package init(
        _ settings: MulticastSettings, node: UInt32, hooks: MulticastHooks = MulticastHooks(),
        fail: @escaping @Sendable () -> Void = {},
        receive: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) throws {
        let group = try MulticastGroup(settings.group)
        let interface = try NetworkInterface(named: settings.interface)
        var session: OpaquePointer?
        let failure = group.address.withCString { address in
            settings.interface.withCString { name in
                var options = cnorm_settings()
                (options.group, options.port, options.interface, options.node) = (address, group.port, name, node)
                options.ttl = UInt8(settings.timeToLive)
                options.bits_per_second = settings.rate * 1e6
                options.controls_congestion = settings.congestionControl
                options.segment = UInt16(settings.segment ?? Self.segment(on: interface))
                (options.block, options.parity) = (UInt16(settings.block), UInt16(settings.parity))
                options.proactive_parity = UInt8(settings.proactiveParity)
                options.repair_buffer = UInt32(settings.repairBuffer)
                options.socket_buffer = UInt32(settings.socketBuffer)
                (options.receives, options.receive_loss) = (hooks.receives, hooks.receiveLoss)
                return cnorm_open(&options, &session)
            }
        }
        guard let session else {
            let action = failure.map { String(cString: $0) } ?? "start"
            throw TesseraError(.inputOutput, "the multicast group \(group) on '\(interface.name)': cannot \(action)")
        }
        self.session = session
        number = Self.count.withLock { count in
            count += 1
            return count
        }
        let thread = Thread {
            if self.wait(receive) { fail() }
            self.free()
        }
        thread.name = "multicast"
        thread.start()
    }

    /// Passes on what arrives until the session is stopped, or fails.
    ///
    /// - Returns: whether the system refused to send. The library tries that again and again, so it has to end at once.
    private func wait(_ receive: (UnsafeRawBufferPointer) -> Void) -> Bool {
        var bytes: UnsafeRawPointer?
        var count: UInt32 = 0
        while true {
            switch cnorm_wait(session, &bytes, &count) {
            case CNORM_OBJECT: receive(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
            case CNORM_SEND_FAILURE: return true
            default: return false
            }
        }
    }

    /// What fits into a packet beside the headers of IP, UDP and NORM.
    private static func segment(on interface: NetworkInterface) -> Int {
        min(1400, max(64, interface.packetSize - 100))
    }

    /// The rate at which this member sends now.
    var bitsPerSecond: Double {
        state.withLock { $0.isClosed ? 0 : cnorm_bits_per_second(session) }
    }

    /// Sends an object to all members.
    ///
    /// - Returns: nil if it cannot be queued.
    package func send(_ bytes: [UInt8]) -> Object? {
        state.withLock { state in
            guard !state.isClosed else { return nil }
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
            buffer.copyBytes(from: bytes)
            guard let handle = cnorm_send(session, buffer.baseAddress, UInt32(buffer.count)) else {
                buffer.deallocate()
                return nil
            }
            let object = Object(handle: handle, session: number)
            state.buffers[object] = buffer
            return object
        }
    }

    /// Ends the repair of an object.
    package func cancel(_ object: Object) {
        state.withLock { state in
            guard !state.isClosed, let buffer = state.buffers.removeValue(forKey: object) else { return }
            cnorm_cancel(session, object.handle)
            buffer.deallocate()
        }
    }

    /// Leaves the group.
    package func close() async {
        state.withLock { state in
            // The thread frees the session, once nobody else may use it.
            if !state.isClosed { cnorm_stop(session) }
            state.isClosed = true
        }
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if !state.hasEnded { state.waiters.append(continuation) }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    private func free() {
        state.withLock { $0.isClosed = true }
        cnorm_free(session)
        let waiters = state.withLock { state in
            for buffer in state.buffers.values { buffer.deallocate() }
            state.buffers = [:]
            state.hasEnded = true
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}

/// What tests change about a member of a group.
package struct MulticastHooks: Sendable {
    /// Packets of each hundred that are dropped on arrival.
    package var receiveLoss = 0.0
    /// Whether it joins the group.
    package var receives = true

    package init() {}
}
