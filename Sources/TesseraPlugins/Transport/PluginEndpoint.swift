import CTesseraPlugin
import Foundation
import TesseraCluster
import TesseraCore

/// A transport of a library that was started: its functions, on what `start` gave, until it is stopped.
///
/// `@unchecked Sendable`: all state is read and changed while the condition's lock is held, and the header demands of the functions that
/// any thread may call them.
final class PluginEndpoint: @unchecked Sendable {
    private enum Phase {
        case starting
        case started(UnsafeMutableRawPointer?)
        /// It could not be started, or was stopped: the library is not called any more.
        case ended
    }

    /// The least that a library must carry in one message: peers introduce themselves in that much.
    private static let leastMessage = FrameLimits.handshake.frame

    private let library: PluginLibrary
    private let options: PluginOptionValues
    private let functions: tessera_transport
    private let condition = NSCondition()
    private var phase = Phase.starting
    /// Calls of the library that are under way.
    private var calls = 0

    /// The largest message in bytes; nil for any.
    let largestMessage: Int?

    init(_ library: PluginLibrary, _ options: PluginOptionValues) {
        (self.library, self.options) = (library, options)
        functions = library.functions(tessera_transport.self)
        largestMessage = functions.largest_message > 0 ? Int(functions.largest_message) : nil
    }

    /// - Throws: `invalidArgument` for a table that cannot be.
    static func check(_ table: tessera_transport) throws {
        guard table.largest_message == 0 || table.largest_message >= leastMessage else {
            throw TesseraError(
                .invalidArgument,
                "expected messages of \(leastMessage) bytes to be carried, found at most \(table.largest_message)")
        }
    }

    /// - Parameter network: what the library calls the host by.
    /// - Throws: what the library says is wrong; nothing of it is called any more then.
    func start(name: String, listen: String?, certificates: String?, network: OpaquePointer) throws {
        let memory = PluginMemory()
        var endpoint = tessera_endpoint()
        endpoint.size = UInt32(MemoryLayout<tessera_endpoint>.size)
        endpoint.name = memory.text(name)
        if let listen { endpoint.listen = memory.text(listen) }
        if let certificates { endpoint.certificates = memory.text(certificates) }
        var started: UnsafeMutableRawPointer?
        do {
            try withExtendedLifetime(memory) {
                try library.call("start") { functions.start?(options.handle, &endpoint, network, &started, $0) ?? 0 }
            }
            enter(.started(started))
        } catch {
            enter(.ended)
            throw error
        }
    }

    private func enter(_ next: Phase) {
        condition.withLock {
            phase = next
            condition.broadcast()
        }
    }

    /// Calls the library with what `start` gave, once it has returned: links may be there before.
    ///
    /// - Throws: `nodeFailure` if it was stopped.
    private func using<Result>(_ body: (UnsafeMutableRawPointer?) throws -> Result) throws -> Result {
        let handle = try condition.withLock {
            while case .starting = phase { condition.wait() }
            guard case .started(let handle) = phase else {
                throw TesseraError(.nodeFailure, "the transport '\(library.name)' is closed")
            }
            calls += 1
            return handle
        }
        defer {
            condition.withLock {
                calls -= 1
                condition.broadcast()
            }
        }
        return try body(handle)
    }

    /// The address as bound; nil if no links are accepted, or not any more.
    func listenAddress() -> String? {
        var text = [CChar](repeating: 0, count: 1024)
        let result: Void? = try? using { handle in
            try library.call("listen_address") {
                functions.listen_address?(handle, &text, text.count - 1, $0) ?? 0
            }
        }
        guard result != nil, text[0] != 0 else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Blocks until the link is up.
    func dial(_ address: String) throws -> UInt64 {
        var link: UInt64 = 0
        try using { handle in
            try library.call("dial") { error in
                address.withCString { functions.dial?(handle, $0, &link, error) ?? 0 }
            }
        }
        return link
    }

    /// Sends pieces as one message. Blocks while the link takes no more.
    func send(_ pieces: [tessera_bytes], on link: UInt64) throws {
        try using { handle in
            try library.call("send") { error in
                pieces.withUnsafeBufferPointer {
                    functions.send?(handle, link, $0.baseAddress, $0.count, error) ?? 0
                }
            }
        }
    }

    /// Does nothing once the transport is stopped, which ends all links.
    func hangUp(_ link: UInt64) { try? using { functions.hang_up?($0, link) } }

    /// Waits for the calls that are under way, and lets no other begin.
    func stop() {
        let started = condition.withLock { () -> UnsafeMutableRawPointer?? in
            guard case .started(let handle) = phase else { return nil }
            phase = .ended
            while calls > 0 { condition.wait() }
            return handle
        }
        if let handle = started { functions.stop?(handle) }
    }
}
