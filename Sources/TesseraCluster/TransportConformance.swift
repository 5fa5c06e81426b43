import TesseraCore

/// What every transport must do, as checks that anyone who writes one can run from their tests.
///
/// ```swift
/// @Test(arguments: TransportConformance.Check.allCases)
/// func mine(_ check: TransportConformance.Check) async throws {
///     try await TransportConformance { count in … }.run(check)
/// }
/// ```
public struct TransportConformance: Sendable {
    /// Peers named p0, p1, … that are connected each to each, and nobody has read the events of.
    public struct Network: Sendable {
        let peers: [any Transport]
        let lose: @Sendable (Int) async throws -> Void

        /// - Parameter lose: takes a peer away without leave, as a crash does.
        public init(peers: [any Transport], lose: @escaping @Sendable (Int) async throws -> Void) {
            self.peers = peers
            self.lose = lose
        }
    }

    public enum Check: String, CaseIterable, Sendable {
        case introductions, order, largePayload, emptyPayload, manySmallMessages, broadcast, concurrentSenders
        case backPressure, cancelledSend
        case unknownPeer, loss, lossWhileSending, leave, closeDeliversWhatWasSent, closeUnread
    }

    /// A check that did not hold.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    private let makeNetwork: @Sendable (Int) async throws -> Network

    /// - Parameter makeNetwork: brings up so many peers.
    public init(_ makeNetwork: @escaping @Sendable (Int) async throws -> Network) { self.makeNetwork = makeNetwork }

    /// - Throws: `Failure`, or what the transport threw.
    public func run(_ check: Check) async throws {
        switch check {
        case .introductions: try await within(3, introductions)
        case .order: try await within(2, order)
        case .largePayload: try await within(2, largePayload)
        case .emptyPayload: try await within(2, emptyPayload)
        case .manySmallMessages: try await within(2, manySmallMessages)
        case .broadcast: try await within(5, broadcast)
        case .concurrentSenders: try await within(4, concurrentSenders)
        case .backPressure: try await within(2, backPressure)
        case .cancelledSend: try await within(2, cancelledSend)
        case .unknownPeer: try await within(2, unknownPeer)
        case .loss: try await within(4, loss)
        case .lossWhileSending: try await within(2, lossWhileSending)
        case .leave: try await within(3, leave)
        case .closeDeliversWhatWasSent: try await within(2, closeDeliversWhatWasSent)
        case .closeUnread: try await within(2, closeUnread)
        }
    }

    private func within(_ count: Int, _ body: (Network) async throws -> Void) async throws {
        let network = try await makeNetwork(count)
        do {
            try await body(network)
        } catch {
            for peer in network.peers { await peer.close() }
            throw error
        }
        for peer in network.peers { await peer.close() }
    }

    func expect(_ condition: Bool, _ message: @autoclosure () -> String) throws {
        guard condition else { throw Failure(description: message()) }
    }

    /// Expects `body` to throw a `nodeFailure` that names the peer.
    func expectNodeFailure(naming peer: PeerID, _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as TesseraError {
            try expect(error.code == .nodeFailure, "expected a node failure, found '\(error)' (\(error.code))")
            return try expect(error.description.contains(peer.name), "expected '\(error)' to name '\(peer)'")
        }
        throw Failure(description: "expected sending to '\(peer)' to throw")
    }
}
