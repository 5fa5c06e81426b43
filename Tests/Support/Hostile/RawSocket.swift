import Foundation
import Tessera

/// A TCP connection, byte by byte.
public final class RawSocket {
    private let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// - Throws: `inputOutput`.
    public convenience init(connectedTo address: String) throws {
        let port = UInt16(address.split(separator: ":").last.map(String.init) ?? "") ?? 0
        self.init(descriptor: socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        let status = Self.withAddress(port) { Glibc.connect(descriptor, $0, $1) }
        guard status == 0 else { throw TesseraError(.inputOutput, "cannot connect to '\(address)': \(errno)") }
    }

    /// What a member of a cluster says first, which is TLS's greeting.
    static func greeting(certificates: String?) throws -> [UInt8] {
        let listener = RawSocket(descriptor: socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        guard withAddress(0, { bind(listener.descriptor, $0, $1) }) == 0, listen(listener.descriptor, 1) == 0 else {
            throw TesseraError(.inputOutput, "cannot listen: \(errno)")
        }
        withUnsafeMutableBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) {
                _ = getsockname(listener.descriptor, $0.baseAddress, &length)
            }
        }
        let options = TransportOptions(
            information: PeerInformation(peer: "node/greeting"),
            peers: ["127.0.0.1:\(UInt16(bigEndian: address.sin_port))"], certificates: certificates)
        let dialer = Task { try await TCPTransport.start(options) }
        let peer = RawSocket(descriptor: accept(listener.descriptor, nil, nil))
        defer { dialer.cancel() }
        return peer.read(4096, within: 5)
    }

    private static func withAddress(
        _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    /// Sends as much as the other end takes within a second.
    public func write(_ bytes: [UInt8]) {
        var timeout = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// What comes next, at most `count` bytes; nothing at the end of the connection or of the time, in seconds.
    public func read(_ count: Int, within seconds: Double) -> [UInt8] {
        var timeout = timeval(tv_sec: Int(seconds), tv_usec: Int(seconds.truncatingRemainder(dividingBy: 1) * 1e6))
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var bytes = [UInt8](repeating: 0, count: count)
        let received = recv(descriptor, &bytes, count, 0)
        return Array(bytes.prefix(max(0, received)))
    }

    /// What comes until the end of the connection, or until nothing comes for so many seconds.
    public func readAll(within seconds: Double) -> [UInt8] {
        var bytes: [UInt8] = []
        while case let piece = read(65536, within: seconds), !piece.isEmpty { bytes += piece }
        return bytes
    }

    /// Reads until the end of the connection, or until nothing comes for so many seconds.
    ///
    /// - Returns: whether the connection has ended.
    @discardableResult
    public func readToEnd(within seconds: Double) -> Bool {
        while !read(65536, within: seconds).isEmpty {}
        return errno != EAGAIN && errno != EWOULDBLOCK
    }
}
