import Foundation
import NIOCore
import TesseraCore

/// An address as people write it: `host:port`, with an IPv6 host in brackets.
public struct TCPAddress: CustomStringConvertible, Sendable {
    let host: String
    let port: Int

    /// - Throws: `invalidArgument`.
    public init(_ text: String) throws {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let host = parts.dropLast().joined(separator: ":")
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]") && host.count > 2
        guard parts.count >= 2, let last = parts.last, let port = UInt16(last), !host.isEmpty,
            isBracketed || !host.contains(":")
        else {
            throw TesseraError(
                .invalidArgument,
                "expected an address as host:port, with a port of 0 to 65535 and an IPv6 host in brackets, found '\(text)'"
            )
        }
        self.host = isBracketed ? String(host.dropFirst().dropLast()) : host
        self.port = Int(port)
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// All socket addresses it stands for, in the order to try them. Blocks while a name is looked up.
    ///
    /// - Throws: `notFound` if the host cannot be resolved, `notSupported` if any address is not a loopback one but has to be.
    func resolve(beyondLoopback: Bool) throws -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &list)
        guard status == 0 else {
            throw TesseraError(
                .notFound, "the host of '\(self)' cannot be resolved: \(String(cString: gai_strerror(status)))")
        }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        for entry in sequence(first: list, next: { $0?.pointee.ai_next }).compactMap({ $0 }) {
            guard let address = entry.pointee.socketAddress, !addresses.contains(address) else { continue }
            addresses.append(address)
        }
        guard !addresses.isEmpty else {
            throw TesseraError(.notFound, "the host of '\(self)' has no IPv4 or IPv6 address")
        }
        if !beyondLoopback, let foreign = addresses.first(where: { !$0.isLoopback }) {
            throw TesseraError(
                .notSupported,
                "'\(self)' (\(foreign.ipAddress ?? "an address")) is off loopback, where nothing runs without certificates: 'tessera cluster init' makes them, and 'security: {certificates: FOLDER}' names them"
            )
        }
        return addresses
    }
}

extension addrinfo {
    fileprivate var socketAddress: SocketAddress? {
        guard let ai_addr else { return nil }
        switch ai_family {
        case AF_INET: return ai_addr.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { SocketAddress($0.pointee) }
        case AF_INET6:
            return ai_addr.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { SocketAddress($0.pointee) }
        default: return nil
        }
    }
}

extension SocketAddress {
    /// 127.0.0.0/8, also as an IPv4-mapped IPv6 address, or ::1.
    var isLoopback: Bool {
        switch self {
        case .v4(let address):
            return withUnsafeBytes(of: address.address.sin_addr) { $0.first == 127 }
        case .v6(let address):
            let bytes = withUnsafeBytes(of: address.address.sin6_addr, Array.init)
            let isMapped = bytes.prefix(12).elementsEqual(Array(repeating: 0, count: 10) + [0xFF, 0xFF])
            return bytes == Array(repeating: 0, count: 15) + [1] || isMapped && bytes[12] == 127
        case .unixDomainSocket:
            return false
        }
    }

    /// `host:port`, with an IPv6 host in brackets.
    var hostAndPort: String {
        guard let ipAddress, let port else { return "\(self)" }
        return ipAddress.contains(":") ? "[\(ipAddress)]:\(port)" : "\(ipAddress):\(port)"
    }
}
