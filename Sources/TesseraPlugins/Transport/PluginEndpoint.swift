import CTesseraPlugin
import Foundation
import TesseraCore

/// A transport of a library that was started: its functions, on what `start` gave.
///
/// `@unchecked Sendable`: the pointer is set once, under the condition's lock, and the header demands of the functions that any
/// thread may call them.
final class PluginEndpoint: @unchecked Sendable {
    private let library: PluginLibrary
    private let options: PluginOptionValues
    private let functions: tessera_transport
    private let condition = NSCondition()
    private var handle: UnsafeMutableRawPointer?
    private var hasStarted = false

    /// The largest message in bytes; nil for any.
    let largestMessage: Int?

    init(_ library: PluginLibrary, _ options: PluginOptionValues) {
        (self.library, self.options) = (library, options)
        functions = library.functions(tessera_transport.self)
        largestMessage = functions.largest_message > 0 ? Int(functions.largest_message) : nil
    }

    /// - Parameter network: what the library calls the host by.
    func start(name: String, listen: String?, certificates: String?, network: OpaquePointer) throws {
        let memory = PluginMemory()
        var endpoint = tessera_endpoint()
        endpoint.size = UInt32(MemoryLayout<tessera_endpoint>.size)
        endpoint.name = memory.text(name)
        if let listen { endpoint.listen = memory.text(listen) }
        if let certificates { endpoint.certificates = memory.text(certificates) }
        var started: UnsafeMutableRawPointer?
        try withExtendedLifetime(memory) {
            try library.call("start") { functions.start?(options.handle, &endpoint, network, &started, $0) ?? 0 }
        }
        condition.withLock {
            (handle, hasStarted) = (started, true)
            condition.broadcast()
        }
    }

    /// What `start` gave, once it has returned: links may be there before.
    private func started() -> UnsafeMutableRawPointer? {
        condition.withLock {
            while !hasStarted { condition.wait() }
            return handle
        }
    }

    /// The address as bound; nil if no links are accepted.
    func listenAddress() -> String? {
        var text = [CChar](repeating: 0, count: 1024)
        let result: Void? = try? library.call("listen_address") {
            functions.listen_address?(started(), &text, text.count - 1, $0) ?? 0
        }
        guard result != nil, text[0] != 0 else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Blocks until the link is up.
    func dial(_ address: String) throws -> UInt64 {
        var link: UInt64 = 0
        try library.call("dial") { error in
            address.withCString { functions.dial?(started(), $0, &link, error) ?? 0 }
        }
        return link
    }

    /// Sends pieces as one message. Blocks while the link takes no more.
    func send(_ pieces: [tessera_bytes], on link: UInt64) throws {
        try library.call("send") { error in
            pieces.withUnsafeBufferPointer {
                functions.send?(started(), link, $0.baseAddress, $0.count, error) ?? 0
            }
        }
    }

    func hangUp(_ link: UInt64) { functions.hang_up?(started(), link) }

    func stop() { functions.stop?(started()) }
}
