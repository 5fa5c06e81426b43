import Foundation
import TesseraCluster
import TesseraCore

/// Sends a packet to a group and listens for it, as plain as possible, to tell what is wrong when that does not work.
package final class MulticastProbe {
    private static let attempts = 3
    private static let patience: Int32 = 500

    /// Whether the interface says that it carries multicast; loopback does without saying so.
    package let supportsMulticast: Bool
    /// Bytes that the system gives to a socket that asks for what the settings do.
    package let receiveBuffer: Int
    package let sendBuffer: Int
    private let group: MulticastGroup
    private let interface: NetworkInterface
    private let descriptor: Int32
    private let index: UInt32

    /// - Throws: `notFound` for an interface that is not there or is down, `inputOutput`.
    package init(_ settings: MulticastSettings) throws {
        group = try MulticastGroup(settings.group)
        interface = try NetworkInterface(named: settings.interface)
        index = if_nametoindex(settings.interface)
        let flags = try? String(contentsOfFile: "/sys/class/net/\(settings.interface)/flags", encoding: .utf8)
        let bits = flags.flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines).dropFirst(2), radix: 16) }
        supportsMulticast = interface.isLoopback || bits.map { $0 & Int(IFF_MULTICAST) != 0 } ?? true
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        guard descriptor >= 0 else { throw TesseraError(.inputOutput, "there is no socket: \(Self.reason)") }
        receiveBuffer = Self.granted(SO_RCVBUF, settings.socketBuffer, on: descriptor)
        sendBuffer = Self.granted(SO_SNDBUF, settings.socketBuffer, on: descriptor)
    }

    deinit { close(descriptor) }

    private static var reason: String { String(cString: strerror(errno)) }

    /// Linux gives twice of what is asked for, up to its limit, for its own use.
    private static func granted(_ option: Int32, _ wanted: Int, on descriptor: Int32) -> Int {
        var size = Int32(clamping: wanted)
        setsockopt(descriptor, SOL_SOCKET, option, &size, socklen_t(MemoryLayout<Int32>.size))
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, option, &size, &length)
        return Int(size) / 2
    }

    private func withAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: group.socketAddress) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    /// Joins the group beside others of this host that have.
    ///
    /// - Throws: `inputOutput`.
    package func join() throws {
        var isOn: Int32 = 1
        for option in [SO_REUSEADDR, SO_REUSEPORT] {
            setsockopt(descriptor, SOL_SOCKET, option, &isOn, socklen_t(MemoryLayout<Int32>.size))
        }
        var request = ip_mreqn(
            imr_multiaddr: group.socketAddress.sin_addr, imr_address: in_addr(), imr_ifindex: Int32(index))
        let size = socklen_t(MemoryLayout<ip_mreqn>.size)
        func require(_ status: Int32, _ what: String) throws {
            guard status == 0 else {
                throw TesseraError(.inputOutput, "cannot \(what) \(group) on '\(interface.name)': \(Self.reason)")
            }
        }
        try require(withAddress { bind(descriptor, $0, $1) }, "listen to")
        try require(setsockopt(descriptor, Int32(IPPROTO_IP), IP_ADD_MEMBERSHIP, &request, size), "join")
        try require(setsockopt(descriptor, Int32(IPPROTO_IP), IP_MULTICAST_IF, &request, size), "send to")
        try require(
            setsockopt(descriptor, Int32(IPPROTO_IP), IP_MULTICAST_LOOP, &isOn, socklen_t(MemoryLayout<Int32>.size)),
            "hear what this host sends to")
    }

    /// Whether the system has the group among those of the interface.
    package var isMember: Bool {
        guard let text = try? String(contentsOfFile: "/proc/net/igmp", encoding: .utf8) else { return true }
        let wanted = String(format: "%08X", group.socketAddress.sin_addr.s_addr)
        var isOwn = false
        for line in text.split(separator: "\n").dropFirst() {
            let words = line.split(whereSeparator: \.isWhitespace)
            if line.first?.isWhitespace == false {
                isOwn = words.count > 1 && words[1] == interface.name
            } else if isOwn, words.first.map(String.init) == wanted {
                return true
            }
        }
        return false
    }

    /// The address that the system would send from if no interface was named; nil if it has no route.
    package var route: String? {
        let other = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(other) }
        guard withAddress({ connect(other, $0, $1) }) == 0 else { return nil }
        var own = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutableBytes(of: &own) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { _ = getsockname(other, $0.baseAddress, &length) }
        }
        return String(cString: inet_ntoa(own.sin_addr))
    }

    /// Sends a packet to the group and waits for it.
    ///
    /// - Returns: the milliseconds that took.
    /// - Throws: `inputOutput` if it cannot be sent or does not come back.
    package func exchange() throws -> Double {
        // Not NORM's, so members drop it.
        let token = Array("tessera doctor \(UUID())".utf8)
        let start = ContinuousClock.now
        for _ in 0..<Self.attempts {
            let sent = withAddress { sendto(descriptor, token, token.count, 0, $0, $1) }
            guard sent == token.count else {
                throw TesseraError(.inputOutput, "cannot send to \(group) on '\(interface.name)': \(Self.reason)")
            }
            let end = ContinuousClock.now + .milliseconds(Int(Self.patience))
            while ContinuousClock.now < end {
                var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                guard poll(&state, 1, Self.patience) > 0 else { break }
                var bytes = [UInt8](repeating: 0, count: 65_536)
                let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
                // Others may be sending, too.
                if count == token.count, bytes.starts(with: token) {
                    return ((ContinuousClock.now - start) / .milliseconds(1) * 100).rounded() / 100
                }
            }
        }
        throw TesseraError(
            .inputOutput, "what is sent to \(group) on '\(interface.name)' does not come back to this host")
    }
}
