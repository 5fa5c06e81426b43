#if MPI
    import TesseraCluster
    import TesseraCore

    /// The settings of MPI transports: what stands beside `kind: mpi` in a deployment file.
    public struct MPISettings: Configurable, Equatable {
        public var sendQueue = 32 << 20
        public var receiveQueue = 64 << 20

        public init() {}

        public static let keys: [Key<MPISettings>] = [
            Key("send_queue", \.sendQueue, "bytes that wait to be sent to a peer before senders wait"),
            Key(
                "receive_queue", \.receiveQueue,
                "bytes of a peer's messages that are received before anybody reads them"),
        ]

        /// What is sent and received at most.
        var limits: FrameLimits { FrameLimits() }

        public func validate() throws {
            for (key, value) in [("send_queue", sendQueue), ("receive_queue", receiveQueue)]
            where !(1 << 16...1 << 34).contains(value) {
                throw TesseraError(
                    .invalidArgument, "expected '\(key)' from \(1 << 16) to \(1 << 34), found \(value)")
            }
        }
    }

    /// Starts MPI transports.
    public struct MPITransportFactory: TransportFactory {
        public let settings: MPISettings

        public init(settings: MPISettings = MPISettings()) { self.settings = settings }

        public func start(_ options: TransportOptions) async throws -> any Transport {
            try await MPITransport.start(options, settings: settings)
        }

        public static let module = Module<any TransportFactory>(
            MPISettings.self, name: "mpi",
            summary: "the processes of a job of mpirun or Slurm, fixed in number; rank 0 leads"
        ) { MPITransportFactory(settings: $0) }
    }
#endif
