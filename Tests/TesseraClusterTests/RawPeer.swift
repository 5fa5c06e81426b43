import Foundation
import TesseraCluster
import TesseraCore

/// The other end of a connection, byte by byte, for tests of what a well-behaved peer would not do.
///
/// Writes the wire format out by hand, so that it does not share mistakes with the code under test.
final class RawPeer {
    private var descriptor: Int32

    private init(descriptor: Int32) {
        self.descriptor = descriptor
        var timeout = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { end() }

    /// Connects to `127.0.0.1:port`.
    static func connect(to address: String?) throws -> RawPeer {
        let peer = RawPeer(descriptor: socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        let port = UInt16(address?.split(separator: ":").last.map(String.init) ?? "") ?? 0
        let status = withSocketAddress(port: port) { Glibc.connect(peer.descriptor, $0, $1) }
        guard status == 0 else { throw TesseraError(.inputOutput, "cannot connect: \(errno)") }
        return peer
    }

    /// Listens on a free port and gives its address and a way to wait for whoever connects.
    static func listen() throws -> (address: String, accept: () -> RawPeer) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        guard withSocketAddress(port: 0, { bind(listener, $0, $1) }) == 0, Glibc.listen(listener, 8) == 0 else {
            throw TesseraError(.inputOutput, "cannot listen: \(errno)")
        }
        withUnsafeMutableBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { _ = getsockname(listener, $0.baseAddress, &length) }
        }
        return (
            "127.0.0.1:\(UInt16(bigEndian: address.sin_port))",
            {
                defer { close(listener) }
                return RawPeer(descriptor: accept(listener, nil, nil))
            }
        )
    }

    private static func withSocketAddress(
        port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    /// Sends as much as the other end takes.
    func write(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// The next `count` bytes, fewer at the end of the connection or after 10 seconds of nothing.
    func read(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            var piece = [UInt8](repeating: 0, count: count - bytes.count)
            let received = recv(descriptor, &piece, piece.count, 0)
            guard received > 0 else { break }
            bytes += piece.prefix(received)
        }
        return bytes
    }

    /// Everything up to the end of the connection.
    func readToEnd() -> [UInt8] { read(1 << 20) }

    /// Closes in order.
    func end() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    /// Closes as the system does for a killed process with unread data.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        end()
    }

    // MARK: The wire format

    static func preamble(version: UInt8 = 2) -> [UInt8] { Array("TESSERA\n".utf8) + [0, 0, 0, version] }

    static func u32(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
    static func u64(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) } }

    static func frame(_ type: Int, kind: String = "", body: String = "", blobs: [[UInt8]] = []) -> [UInt8] {
        u32(type) + u32(kind.utf8.count) + u32(body.utf8.count) + u32(blobs.count)
            + blobs.flatMap { u64(UInt64($0.count)) } + Array(kind.utf8) + Array(body.utf8) + blobs.flatMap { $0 }
    }

    static func hello(_ name: String, build: String = Build.version) -> [UInt8] {
        frame(
            1,
            body: """
                {"peer": "\(name)", "instance": "\(UUID())", "wireVersion": 2, "build": "\(build)", "cores": 1, \
                "instructionSet": "", "capabilities": {}}
                """)
    }

    /// Reads one frame and gives its type and body.
    func readFrame() -> (type: Int, body: String) {
        let prefix = read(16)
        guard prefix.count == 16 else { return (0, "") }
        func number(_ index: Int) -> Int { prefix[4 * index..<4 * index + 4].reduce(0) { $0 << 8 | Int($1) } }
        let rest = read(8 * number(3) + number(1) + number(2))
        return (number(0), String(decoding: rest.suffix(number(2)), as: UTF8.self))
    }

    /// The next frame that is not a sign of life, which may come before any other on a busy machine.
    func readFrameAfterHeartbeats() -> (type: Int, body: String) {
        var frame = readFrame()
        while frame.type == 4 { frame = readFrame() }
        return frame
    }

    /// Introduces itself as a dialer, up to where messages may flow.
    func introduce(as name: String) -> Bool {
        write(Self.preamble() + Self.hello(name))
        guard read(12) == Self.preamble(), readFrame().type == 1 else { return false }
        write(Self.frame(2))
        return true
    }
}
