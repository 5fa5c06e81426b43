import CTesseraPlugin
import Foundation
import Synchronization
import TesseraCluster
import TesseraCore

/// Peers on the links of a library's transport.
///
/// The library carries messages of bytes on links. Who is at the other end, which of two links between the same peers is used,
/// taking leave and holding back senders are done here. The peers speak as those of TCP do: the one that dialed says who it is
/// (`hello`), the other answers with its own, and the first agrees (`ready`). A `goodbye` is the leave.
final class PluginTransport: ListeningTransport, CheckableTransport {
    struct State {
        var table: PeerTable<PluginLink>
        var links: [UInt64: PluginLink] = [:]
        /// Those that were dialed, until the dialer has taken note of them, also if they are down by then.
        var dialed: [UInt64: PluginLink] = [:]
        var isClosing = false
        /// Links whose thread has not ended.
        var threads = 0
        var onLastThread: CheckedContinuation<Void, Never>?
    }

    /// Seconds that a peer may take to say who it is, and those that leave-taking may take.
    static let patience = 10.0

    let information: PeerInformation
    let endpoint: PluginEndpoint
    let name: String
    let limits: FrameLimits
    let queue = EventQueue()
    let state: Mutex<State>

    private init(_ library: PluginLibrary, _ options: PluginOptionValues, _ information: PeerInformation) throws {
        try information.validate()
        (name, self.information) = (library.name, information)
        endpoint = PluginEndpoint(library, options)
        var limits = FrameLimits()
        if let largest = endpoint.largestMessage { limits.frame = min(limits.frame, largest) }
        self.limits = limits
        state = Mutex(State(table: PeerTable(local: information)))
    }

    /// Starts the library's transport, and connects to the peers.
    static func start(
        _ library: PluginLibrary, _ options: PluginOptionValues, _ network: TransportOptions
    ) async throws -> PluginTransport {
        let transport = try PluginTransport(library, options, network.information)
        try await blocking {
            // Held by the library until `stop` has returned.
            let held = Unmanaged.passRetained(transport)
            do {
                try transport.endpoint.start(
                    name: network.information.peer.name, listen: network.listen, certificates: network.certificates,
                    network: OpaquePointer(held.toOpaque()))
            } catch {
                transport.queue.finish()
                held.release()
                throw error
            }
        }
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for address in network.peers { group.addTask { try await transport.connect(to: address) } }
                try await group.waitForAll()
            }
        } catch {
            await transport.close()
            throw error
        }
        return transport
    }

    static func at(_ handle: OpaquePointer?) -> PluginTransport? {
        guard let handle else { return nil }
        return Unmanaged<PluginTransport>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
    }

    /// Runs on a thread of its own what may block.
    static func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                do { continuation.resume(returning: try body()) } catch { continuation.resume(throwing: error) }
            }
        }
    }

    var events: AsyncStream<TransportEvent> { queue.events }
    var peers: [PeerInformation] { state.withLock { $0.table.established.map(\.information) } }
    var listenAddress: String? { endpoint.listenAddress() }
    var largestMessage: Int? { limits.frame }

    func send(_ message: Message, to peer: PeerID) async throws {
        guard let link = state.withLock({ $0.isClosing ? nil : $0.table.established(peer)?.connection }) else {
            throw TesseraError(.nodeFailure, "no peer '\(peer)' is connected to '\(localPeer)'")
        }
        try limits.check(message)
        let byteCount = message.byteCount
        try await link.window.admit(byteCount)
        guard link.work.push(.send(Frame(.message, message), byteCount: byteCount)) else {
            throw TesseraError(.nodeFailure, "the connection to '\(peer)' was lost")
        }
    }

    func broadcast(_ message: Message) async throws {
        try limits.check(message)
        try await sendToAll(peers.map(\.peer), message)
    }

    @discardableResult
    func connect(to address: String) async throws -> PeerID {
        let id: UInt64
        do {
            id = try await Self.blocking { [endpoint] in try endpoint.dial(address) }
        } catch let error as TesseraError {
            // The link that a library reported before it failed is nobody's.
            state.withLock { state in state.dialed = state.dialed.filter { state.links[$0.key] === $0.value } }
            throw TesseraError(error.code, "cannot connect to '\(address)': \(error.message)", path: error.path)
        }
        guard let link = state.withLock({ $0.dialed.removeValue(forKey: id) }) else {
            throw TesseraError(.nodeFailure, "cannot connect to '\(address)': the link is down again")
        }
        do {
            return try await link.met.value()
        } catch let error as TesseraError {
            throw TesseraError(error.code, "cannot connect to '\(address)': \(error.message)", cause: error.cause)
        }
    }

    func close() async { await shutDown(withLeave: true) }
    func abort() async { await shutDown(withLeave: false) }

    private func shutDown(withLeave: Bool) async {
        let links = state.withLock { state -> [PluginLink]? in
            guard !state.isClosing else { return nil }
            state.isClosing = true
            return Array(state.links.values)
        }
        guard let links else { return }
        for link in links {
            if withLeave {
                link.send(Frame(.goodbye))
                link.hangUp()
            } else {
                link.work.finish(dropping: true)
                endpoint.hangUp(link.id)
            }
            link.unread.finish()
        }
        let overdue = Task { [endpoint] in
            try await Task.sleep(for: .seconds(Self.patience))
            for link in links { endpoint.hangUp(link.id) }
        }
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                if state.threads > 0 { state.onLastThread = continuation }
                return state.threads == 0
            }
            if isDone { continuation.resume() }
        }
        overdue.cancel()
        await stop()
        for link in state.withLock({ Array($0.links.values) }) { release(link, reason: nil) }
        queue.finish()
    }

    /// Stops the library's transport. A dial that is under way has to end before, which is not waited for much longer than a peer's
    /// answer.
    private func stop() async {
        let stopped = Outcome<Void>()
        Thread.detachNewThread {
            self.endpoint.stop()
            stopped.settle(.success(()))
            // It calls this object no more.
            Unmanaged.passUnretained(self).release()
        }
        let overdue = Task {
            try await Task.sleep(for: .seconds(Self.patience))
            stopped.settle(.success(()))
        }
        try? await stopped.value()
        overdue.cancel()
    }
}
