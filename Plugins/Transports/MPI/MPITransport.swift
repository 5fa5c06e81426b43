#if MPI
    import Foundation
    import Logging
    import Synchronization
    import TesseraCluster
    import TesseraCore

    /// The processes of one MPI job as peers: started by `mpirun` or Slurm, fixed in number, and called by their ranks.
    ///
    /// Messages go by MPI_Issend and MPI_Irecv, large broadcasts by MPI_Ibcast. When one process dies, MPI ends all.
    public final class MPITransport: Transport {
        private struct State {
            var peers: [Int: PeerInformation] = [:]
            /// Bytes of a peer's messages that nobody has consumed.
            var unread: [Int: Int] = [:]
            var isClosed = false
        }

        public let information: PeerInformation
        /// This process's number among all; 0 leads.
        public let rank: Int
        private let settings: MPISettings
        private let world: MPIWorld
        private let arrivals = EventQueue()
        private let state: SharedState
        private let windows: [FlowWindow]
        private let logger: Logger

        private final class SharedState: Sendable { let value = Mutex(State()) }

        private init(
            world: MPIWorld, all: [PeerInformation], settings: MPISettings, state: SharedState, logger: Logger
        ) {
            (self.world, self.settings, self.state, self.logger) = (world, settings, state, logger)
            (rank, information) = (world.rank, all[world.rank])
            windows = all.map { _ in FlowWindow(bound: settings.sendQueue) }
            for (rank, information) in all.enumerated() where rank != world.rank {
                state.value.withLock { $0.peers[rank] = information }
                arrivals.push(.appeared(information.peer, information))
            }
        }

        /// What the process of a rank is called.
        public static func name(of rank: Int) -> PeerID { PeerID("rank-\(rank)") }

        /// Joins the other processes of the job, and waits for all of them.
        ///
        /// - Throws: `notSupported` for a second time in this process, `protocolViolation` for processes of another wire version.
        public static func start(
            _ options: TransportOptions, settings: MPISettings = MPISettings()
        ) async throws -> MPITransport {
            let state = SharedState()
            let (world, introductions, run) = try await MPIWorld.join(limits: settings.limits) { rank in
                var information = options.information
                information.peer = name(of: rank)
                return try JSONEncoder().encode(information)
            } mayReceive: { sender in
                state.value.withLock { $0.unread[sender, default: 0] < settings.receiveQueue }
            }
            let all = try introductions.map { try JSONDecoder().decode(PeerInformation.self, from: $0) }
            for other in all where other.wireVersion != options.information.wireVersion {
                throw TesseraError(
                    .protocolViolation,
                    "expected wire version \(options.information.wireVersion), found \(other.wireVersion) of '\(other.peer)'"
                )
            }
            let transport = MPITransport(
                world: world, all: all, settings: settings, state: state, logger: options.logger)
            run { [weak transport] frame, sender in transport?.receive(frame, from: sender) }
            return transport
        }

        public var events: AsyncStream<TransportEvent> { arrivals.events }
        public var broadcastsOnce: Bool { true }

        public var peers: [PeerInformation] {
            state.value.withLock { state in state.peers.sorted { $0.key < $1.key }.map(\.value) }
        }

        public func send(_ message: Message, to peer: PeerID) async throws {
            try settings.limits.check(message)
            guard let rank = state.value.withLock({ $0.peers.first { $0.value.peer == peer }?.key }) else {
                throw TesseraError(.nodeFailure, "no peer '\(peer)' is connected to '\(localPeer)'")
            }
            let (window, byteCount) = (windows[rank], message.byteCount)
            try await window.admit(byteCount)
            try queue(MPIWorld.Parcel(frame: Frame(.message, message), receiver: rank) { window.release(byteCount) })
        }

        public func broadcast(_ message: Message) async throws {
            try settings.limits.check(message)
            // One's own window holds broadcasts back.
            let (window, byteCount) = (windows[rank], message.byteCount)
            try await window.admit(byteCount)
            try queue(MPIWorld.Parcel(frame: Frame(.message, message), receiver: nil) { window.release(byteCount) })
        }

        /// Nothing may follow the goodbye: nobody would take it.
        private func queue(_ parcel: MPIWorld.Parcel) throws {
            try state.value.withLock { state throws in
                guard !state.isClosed else { throw TesseraError(.nodeFailure, "'\(localPeer)' has left") }
                world.send(parcel)
            }
        }

        /// Takes leave of all peers, and waits for all of them to leave: MPI ends for all at once.
        public func close() async {
            state.value.withLock { state in
                if !state.isClosed { world.send(MPIWorld.Parcel(frame: Frame(.goodbye), receiver: nil) {}) }
                state.isClosed = true
            }
            await world.close()
            for peer in state.value.withLock({ $0.peers.keys.sorted() }) { lose(peer, reason: nil) }
            arrivals.finish()
        }

        private func receive(_ frame: Result<Frame, any Error>, from sender: Int) {
            switch frame {
            case .success(let frame) where frame.type == .message:
                guard let peer = state.value.withLock({ $0.peers[sender]?.peer }) else { return }
                let byteCount = frame.message.byteCount
                state.value.withLock { $0.unread[sender, default: 0] += byteCount }
                arrivals.push(.received(frame.message, from: peer)) { [state] in
                    state.value.withLock { $0.unread[sender, default: 0] -= byteCount }
                }
            case .success(let frame) where frame.type == .goodbye: lose(sender, reason: nil)
            case .success(let frame):
                logger.error("a peer sent a frame that MPI does not need", metadata: ["type": "\(frame.type)"])
            case .failure(let error):
                logger.error(
                    "a peer cannot be understood",
                    metadata: ["peer": "\(Self.name(of: sender))", "error": "\(error)"])
                lose(
                    sender,
                    reason: TesseraError(.protocolViolation, "'\(Self.name(of: sender))' sent nonsense: \(error)"))
            }
        }

        private func lose(_ rank: Int, reason: TesseraError?) {
            guard let information = state.value.withLock({ $0.peers.removeValue(forKey: rank) }) else { return }
            windows[rank].fail(reason ?? TesseraError(.nodeFailure, "'\(information.peer)' has left"))
            arrivals.push(.left(information.peer, reason: reason))
        }
    }
#endif
