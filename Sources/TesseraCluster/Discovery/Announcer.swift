import Foundation
import Logging
import TesseraCore

/// Announces a node by multicast until it is closed.
///
/// What cannot be sent at the moment, since an interface is gone for instance, is left out: the next announcement is tried anew.
public final class Announcer: Sendable {
    private let task: Task<Void, Never>

    /// Begins to announce.
    ///
    /// - Parameters:
    ///   - address: where the node listens, `host:port`.
    ///   - beacon: gives what to announce, but for its number.
    /// - Throws: `invalidArgument` for settings that cannot be, `notSupported` for a node that does not listen on IPv4, `limitExceeded`
    ///   for one with too much to say, `inputOutput` without a socket.
    public init(
        _ settings: DiscoverySettings, listening address: String, logger: Logger = Logger(label: "tessera.discovery"),
        beacon: @escaping @Sendable () async -> NodeBeacon
    ) async throws {
        try settings.validate()
        let interfaces = try Self.interfaces(settings, listening: address)
        let socket = try DiscoverySocket.sending(
            to: MulticastGroup(settings.group), timeToLive: settings.timeToLive)
        _ = try await beacon().packet()
        task = Task {
            await Self.announce(on: interfaces, by: socket, every: settings.interval, logger, beacon)
        }
    }

    /// Says that the node leaves, and ends.
    public func close() async {
        task.cancel()
        await task.value
    }

    private static func interfaces(
        _ settings: DiscoverySettings, listening address: String
    ) throws -> HostInterface.Choice {
        let host = String(address[..<(address.lastIndex(of: ":") ?? address.endIndex)])
        if let name = settings.interface { return .named(name) }
        if host == "0.0.0.0" || host == "[::]" { return .all }
        var internet = in_addr()
        guard inet_pton(AF_INET, host, &internet) == 1 else {
            throw TesseraError(
                .notSupported,
                "a node that listens on '\(address)' cannot be announced: announcements are for IPv4 addresses")
        }
        return internet.isLoopback ? .loopback : .address(host)
    }

    private static func announce(
        on interfaces: HostInterface.Choice, by socket: DiscoverySocket, every interval: Double, _ logger: Logger,
        _ beacon: () async -> NodeBeacon
    ) async {
        var number: UInt64 = 0
        var known: String?
        while true {
            let isOver = Task.isCancelled
            var current = await beacon()
            current.number = number
            if isOver { current.state = .leaving }
            let problem = send(current, on: interfaces, by: socket)
            if let problem, problem != known {
                logger.warning("the node cannot be announced at the moment", metadata: ["reason": "\(problem)"])
            } else if problem == nil, known != nil {
                logger.notice("the node is announced again")
            }
            known = problem
            if isOver { return }
            number += 1
            // So that nodes that were started at once do not announce themselves at once.
            try? await Task.sleep(for: .seconds(interval * Double.random(in: 0.8...1.2)))
        }
    }

    /// - Returns: why it could be sent nowhere; nil if it could.
    private static func send(
        _ beacon: NodeBeacon, on choice: HostInterface.Choice, by socket: DiscoverySocket
    ) -> String? {
        guard let packet = try? beacon.packet() else { return "there is too much to announce" }
        let interfaces = choice.current
        guard !interfaces.isEmpty else { return choice.absence }
        let failures = interfaces.compactMap { interface in
            socket.send(packet, on: interface).map { "\(interface.name): \($0)" }
        }
        return failures.count == interfaces.count ? failures.joined(separator: ", ") : nil
    }
}
