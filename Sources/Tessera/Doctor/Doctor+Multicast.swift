import Foundation
import TesseraCore
import TransportMulticast

extension Doctor {
    /// Whether this host can send to the group and hear from it.
    func multicast() -> [Finding] {
        guard let settings = multicastSettings else { return [] }
        let probe: MulticastProbe
        do { probe = try MulticastProbe(settings) } catch {
            return [
                .error(
                    "interface", "\(error)",
                    remedy: "name the interface that leads to the others under 'interface'; 'ip address' lists them")
            ]
        }
        var findings: [Finding] = [
            probe.supportsMulticast
                ? .ok("interface", "'\(settings.interface)' is up")
                : .error(
                    "interface", "'\(settings.interface)' does not carry multicast",
                    remedy: "'ip link set \(settings.interface) multicast on'")
        ]
        findings += buffers(probe, settings)
        do {
            try probe.join()
        } catch {
            return findings + [
                .error(
                    "multicast", "\(error)",
                    remedy:
                        "look whether the group is a multicast address, and whether net.ipv4.igmp_max_memberships is reached"
                )
            ]
        }
        findings.append(
            probe.isMember
                ? .ok("membership", "\(settings.group) is joined on '\(settings.interface)' (IGMP)")
                : .error(
                    "membership", "/proc/net/igmp does not have \(settings.group) on '\(settings.interface)'",
                    remedy: "look whether the interface has an IPv4 address"))
        do {
            let route =
                probe.route.map { "by itself, the system would send from \($0)" } ?? "the system has no route to it"
            let milliseconds = try probe.exchange()
            findings.append(
                .ok(
                    "multicast",
                    "what is sent to \(settings.group) on '\(settings.interface)' comes back in \(milliseconds) ms; \(route)"
                ))
        } catch {
            findings.append(
                .error(
                    "multicast", "\(error)",
                    remedy:
                        "let UDP to \(settings.group) through the firewall, and look at 'ip route get \(settings.group.split(separator: ":")[0])'"
                ))
        }
        return findings
    }

    private func buffers(_ probe: MulticastProbe, _ settings: MulticastSettings) -> [Finding] {
        let sizes = [("receive", "rmem_max", probe.receiveBuffer), ("send", "wmem_max", probe.sendBuffer)]
        return sizes.map { what, name, size in
            guard size < settings.socketBuffer else {
                return .ok(
                    "buffers",
                    "the \(what) buffer has the \(ByteCount(settings.socketBuffer)) that 'socket_buffer' asks for")
            }
            return .warning(
                "buffers",
                "'socket_buffer' asks for \(settings.socketBuffer) bytes, the system gives \(size) to \(what): packets get lost at high rates",
                remedy: "'sysctl -w net.core.\(name)=\(settings.socketBuffer)', and a line in /etc/sysctl.d to keep it")
        }
    }
}
