import Foundation
import TesseraCluster
import TesseraCore
import TesseraRuntime
import TransportMulticast

extension Doctor {
    /// Seconds that two clocks may differ without a word, and those from which on certificates are refused.
    private static let skew = (much: 2.0, tooMuch: 3600.0)

    /// Whether this host can listen at an address, or does already.
    func listening(on address: String) async -> Finding {
        do {
            let transport = try await start(named: "doctor", listen: address)
            await transport.close()
            return .ok("port", "\(address) is free")
        } catch {
            if (error as? TesseraError)?.message.contains("in use") == true, let peer = await peer(at: address) {
                return .ok("port", "the node '\(peer)' listens on \(address)")
            }
            return .error(
                "port", "\(error)",
                remedy: "choose another address under 'listen', or end what has it ('ss -ltnp' lists who listens where)"
            )
        }
    }

    private func peer(at address: String) async -> PeerID? {
        let local = address.replacingOccurrences(of: "0.0.0.0:", with: "127.0.0.1:")
        guard let transport = try? await start(named: "asking") as? any ListeningTransport else { return nil }
        let peer = try? await transport.connect(to: local)
        await transport.close()
        return peer
    }

    private func equipment() throws -> NodeEquipment { try NodeEquipment(modules) }

    /// Joins the others as a leader would.
    private func start(named name: String, listen: String? = nil) async throws -> any Transport {
        let suffix = "\(name)-\(UUID().uuidString.prefix(8).lowercased())"
        let member = try setup.security?.member().name
        var settings = setup.transport.settings
        if setup.transport.kind == "multicast", let entries = try? settings.entries() {
            // Who does not hear the group is found soon.
            settings = .map(
                entries.filter { $0.key != "confirm_timeout" }.map { ($0.key, $0.value) }
                    + [("confirm_timeout", Configuration(.integer(1)))])
        }
        return try await modules.transports.make(setup.transport.kind, settings).start(
            TransportOptions(
                information: equipment().information(named: PeerID(member.map { "\($0)/\(suffix)" } ?? suffix)),
                listen: listen, certificates: setup.security?.certificates))
    }

    /// Which nodes are reached, what their clocks show, and who hears whom.
    func nodes() async -> [Finding] {
        let node: Node
        let transport: any ListeningTransport
        do {
            guard let started = try await start(named: "doctor") as? any ListeningTransport else {
                return [
                    .error(
                        "nodes", "'\(setup.transport.kind)' cannot reach nodes by address", remedy: "use 'kind: tcp'")
                ]
            }
            transport = started
            node = await (try equipment()).node(on: started)
        } catch {
            return [.error("nodes", "\(error)", remedy: "mend what is said above, and run this again")]
        }
        var findings: [Finding] = []
        var reached: [(peer: PeerID, address: String)] = []
        for address in setup.nodes {
            do {
                let peer = try await transport.connect(to: address)
                // One that is listed may announce itself, too.
                guard !reached.contains(where: { $0.peer == peer }) else { continue }
                reached.append((peer, address))
                findings += try await clock(of: peer, at: address, node)
            } catch {
                findings.append(.error("nodes", "\(error)", remedy: remedy(for: "\(error)")))
            }
        }
        findings += await between(reached, node)
        if let transport = transport as? MulticastTransport {
            findings += await hearing(reached.map(\.peer), transport)
        }
        await node.close()
        return findings
    }

    /// What to do about a node that is not reached, by why it is not.
    private func remedy(for reason: String) -> String {
        if reason.contains("expired on") {
            return "have the cluster's host make another certificate: 'tessera cluster add NAME -o FOLDER'"
        }
        if reason.contains("was withdrawn") {
            return "take it out of 'nodes', or have the cluster's host make another certificate for it"
        }
        return
            "look whether 'tessera node' runs there, listens on that address and has a certificate of this cluster, and whether a firewall is between"
    }

    private func clock(of peer: PeerID, at address: String, _ node: Node) async throws -> [Finding] {
        let (milliseconds, ahead) = try await node.clockDifference(to: peer)
        let reached = Finding.ok("nodes", "'\(peer)' at \(address) answers in \(milliseconds) ms")
        guard let ahead else { return [reached] }
        guard abs(ahead) >= Self.skew.much else {
            return [reached, .ok("clock", "that of '\(peer)' is the same to \((abs(ahead) * 1e3).rounded() / 1e3) s")]
        }
        let message = "that of '\(peer)' is \(abs(ahead).rounded()) s \(ahead > 0 ? "ahead of" : "behind") this host's"
        let remedy = "run an NTP client on both hosts: certificates are valid by the clock"
        return [
            reached,
            abs(ahead) < Self.skew.tooMuch
                ? .warning("clock", message, remedy: remedy) : .error("clock", message, remedy: remedy),
        ]
    }

    /// Nodes connect to each other; the one that comes first does it.
    private func between(_ nodes: [(peer: PeerID, address: String)], _ node: Node) async -> [Finding] {
        var findings: [Finding] = []
        for (index, first) in nodes.enumerated() {
            for second in nodes[(index + 1)...] {
                do {
                    try await node.requireReach(from: first.peer, to: second.peer, at: second.address)
                    findings.append(.ok("nodes", "'\(first.peer)' reaches '\(second.peer)'"))
                } catch {
                    findings.append(
                        .warning(
                            "nodes",
                            "'\(first.peer)' does not reach '\(second.peer)', so the leader passes on what they exchange: \(error)",
                            remedy:
                                "name addresses under 'nodes' that all hosts can reach, and open the port between them"
                        ))
                }
            }
        }
        return findings
    }

    /// Who is connected but does not hear what is sent to the group.
    private func hearing(_ peers: [PeerID], _ transport: MulticastTransport) async -> [Finding] {
        guard !peers.isEmpty, let hearing = try? await transport.whoHears() else { return [] }
        return peers.map { peer in
            if hearing.others.contains(peer) {
                return .warning(
                    "hearing", "'\(peer)' does not belong to the group, so it is sent everything by TCP",
                    remedy: "give it the same 'transport' as the deployment")
            }
            guard hearing.deaf.contains(peer) else {
                return .ok("hearing", "'\(peer)' hears what is sent to the group")
            }
            return .warning(
                "hearing", "'\(peer)' hears this host by TCP but not by multicast, so it is sent everything by TCP",
                remedy:
                    "run 'tessera doctor' there, let UDP to the group through firewalls, and look whether a switch between filters multicast (IGMP snooping without a querier)"
            )
        }
    }
}
