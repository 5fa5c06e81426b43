import Foundation
import Synchronization
import TesseraCore

/// A UDP socket of one multicast group. Interfaces may come and go while it is open.
final class DiscoverySocket: Sendable {
    private let group: MulticastGroup
    private let descriptor: Int32
    /// The interfaces on which the group is joined, by index.
    private let joined = Mutex<Set<UInt32>>([])

    /// - Throws: `inputOutput`.
    private init(_ group: MulticastGroup) throws {
        self.group = group
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else {
            throw TesseraError(.inputOutput, "cannot open a UDP socket: \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(descriptor) }

    /// One to send from.
    static func sending(to group: MulticastGroup, timeToLive: Int) throws -> DiscoverySocket {
        let socket = try DiscoverySocket(group)
        socket.set(IPPROTO_IP, IP_MULTICAST_TTL, Int32(timeToLive))
        socket.set(IPPROTO_IP, IP_MULTICAST_LOOP, Int32(1))
        return socket
    }

    /// One to receive with, beside others of this host.
    ///
    /// - Throws: `inputOutput` for a port that cannot be listened on.
    static func receiving(from group: MulticastGroup) throws -> DiscoverySocket {
        let socket = try DiscoverySocket(group)
        socket.set(SOL_SOCKET, SO_REUSEADDR, Int32(1))
        // Otherwise it would hear what others of this host have joined for, on other interfaces.
        socket.set(IPPROTO_IP, IP_MULTICAST_ALL, Int32(0))
        var address = group.socketAddress
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket.descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            throw TesseraError(
                .inputOutput,
                "cannot listen for announcements on port \(group.port): \(String(cString: strerror(errno)))")
        }
        return socket
    }

    private func set(_ level: some BinaryInteger, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, Int32(level), option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private func set(_ option: Int32, on interface: HostInterface) -> Bool {
        var request = ip_mreqn()
        request.imr_multiaddr = group.socketAddress.sin_addr
        request.imr_address = interface.address
        request.imr_ifindex = Int32(interface.index)
        return setsockopt(
            descriptor, Int32(IPPROTO_IP), option, &request, socklen_t(MemoryLayout<ip_mreqn>.size)) == 0
    }

    /// Sends a packet on an interface.
    ///
    /// - Returns: why it was not sent; nil if it was.
    func send(_ packet: [UInt8], on interface: HostInterface) -> String? {
        guard set(IP_MULTICAST_IF, on: interface) else { return String(cString: strerror(errno)) }
        var address = group.socketAddress
        let count = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(
                    descriptor, packet, packet.count, Int32(MSG_DONTWAIT), $0,
                    socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return count == packet.count ? nil : String(cString: strerror(errno))
    }

    /// Joins the group on interfaces where it is not joined. A membership goes with its interface.
    func join(_ interfaces: [HostInterface]) {
        joined.withLock { joined in
            joined.formIntersection(interfaces.map(\.index))
            for interface in interfaces where !joined.contains(interface.index) {
                if set(IP_ADD_MEMBERSHIP, on: interface) || errno == EADDRINUSE { joined.insert(interface.index) }
            }
        }
    }

    /// Waits for a packet, up to so many milliseconds.
    func receive(into buffer: UnsafeMutableRawBufferPointer, milliseconds: Int32) -> (count: Int, source: in_addr)? {
        var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&state, 1, milliseconds) > 0 else { return nil }
        var source = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let count = withUnsafeMutablePointer(to: &source) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                recvfrom(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT), $0, &length)
            }
        }
        return count >= 0 ? (count, source.sin_addr) : nil
    }
}
