import Foundation
import TesseraCore

/// A network interface of this host that is up, with one of its IPv4 addresses. What there is may change at any time.
struct HostInterface: Sendable, Equatable {
    let name: String
    let index: UInt32
    let address: in_addr
    let isLoopback: Bool
    let carriesMulticast: Bool

    static func == (a: HostInterface, b: HostInterface) -> Bool {
        a.name == b.name && a.index == b.index && a.address.s_addr == b.address.s_addr
    }

    /// All there are at this moment.
    static func all() -> [HostInterface] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var result: [HostInterface] = []
        for entry in sequence(first: list, next: { $0?.pointee.ifa_next }).compactMap({ $0?.pointee }) {
            let flags = entry.ifa_flags
            guard flags & UInt32(IFF_UP) != 0, let address = entry.ifa_addr,
                address.pointee.sa_family == sa_family_t(AF_INET)
            else { continue }
            let internet = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee.sin_addr }
            let name = String(cString: entry.ifa_name)
            // A label such as eth0:1 names an address of eth0.
            let index = if_nametoindex(String(name.prefix { $0 != ":" }))
            guard index > 0 else { continue }
            result.append(
                HostInterface(
                    name: name, index: index, address: internet, isLoopback: flags & UInt32(IFF_LOOPBACK) != 0,
                    carriesMulticast: flags & UInt32(IFF_MULTICAST) != 0))
        }
        return result
    }

    /// Which of the host's interfaces take part in discovery.
    enum Choice: Sendable {
        /// Loopback, and all others that carry multicast.
        case all
        case loopback
        case named(String)
        /// The one with this address.
        case address(String)

        /// What is said while there is none.
        var absence: String {
            guard case .named(let name) = self else { return "there is no interface for it" }
            let others = HostInterface.all().map(\.name).joined(separator: ", ")
            return "there is no interface '\(name)' with an IPv4 address; this host has: \(others)"
        }

        var current: [HostInterface] {
            let interfaces = HostInterface.all()
            switch self {
            case .all: return interfaces.filter { $0.isLoopback || $0.carriesMulticast }
            case .loopback: return interfaces.filter(\.isLoopback)
            case .named(let name): return interfaces.filter { $0.name == name }
            case .address(let address): return interfaces.filter { $0.address.text == address }
            }
        }
    }
}

extension in_addr {
    /// As four numbers.
    var text: String {
        withUnsafeBytes(of: self) { $0.map { String($0) }.joined(separator: ".") }
    }

    var isLoopback: Bool { withUnsafeBytes(of: self) { $0[0] == 127 } }
}
