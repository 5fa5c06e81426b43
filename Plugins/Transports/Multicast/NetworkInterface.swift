import Foundation
import TesseraCore

/// A network interface of this host that has an IPv4 address.
struct NetworkInterface: Sendable {
    let name: String
    let isLoopback: Bool
    /// Bytes of the largest packet.
    let packetSize: Int

    /// - Throws: `notFound` if there is none of that name, or it has no IPv4 address or is down; names those that would do.
    init(named name: String) throws {
        let usable = Self.usable()
        guard let flags = usable[name] else {
            throw TesseraError(
                .notFound,
                "expected 'interface' to be a network interface that is up and has an IPv4 address, found '\(name)'; "
                    + "this host has: \(usable.keys.sorted().joined(separator: ", "))")
        }
        self.name = name
        isLoopback = flags & UInt32(IFF_LOOPBACK) != 0
        let text = try? String(contentsOfFile: "/sys/class/net/\(name)/mtu", encoding: .utf8)
        packetSize = text.flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) } ?? 1500
    }

    /// The flags of each, by name.
    private static func usable() -> [String: UInt32] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [:] }
        defer { freeifaddrs(list) }
        var usable: [String: UInt32] = [:]
        for entry in sequence(first: list, next: { $0?.pointee.ifa_next }).compactMap({ $0?.pointee }) {
            let isUp = entry.ifa_flags & UInt32(IFF_UP) != 0
            guard isUp, let address = entry.ifa_addr, address.pointee.sa_family == sa_family_t(AF_INET) else {
                continue
            }
            usable[String(cString: entry.ifa_name)] = entry.ifa_flags
        }
        return usable
    }
}
