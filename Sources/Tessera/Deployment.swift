import Foundation
import TesseraCluster
import TesseraCore
import TesseraNetwork
import TesseraPartition
import TesseraRuntime

/// A network that runs on a cluster.
public struct Deployment: Sendable {
    /// Which nodes there are.
    public enum Members: Sendable {
        /// So many in this process.
        case local(Int)
        /// So many processes of this host, running this executable.
        case spawned(Int, executable: String)
        /// Those at these addresses.
        case addresses([String])
        /// Those that announce themselves, and those at these addresses.
        case discovered(DiscoveryChoice, addresses: [String])
        /// This process and those that its transport brought.
        case joined(any Transport)

        var isOneProcess: Bool {
            if case .local = self { true } else { false }
        }

        /// Nil while that has to be found out.
        public var count: Int? {
            switch self {
            case .local(let count), .spawned(let count, _): count
            case .addresses(let addresses): addresses.count
            case .discovered(let choice, _): choice.count
            case .joined(let transport): transport.peers.count + 1
            }
        }

        /// Starts or joins the nodes.
        ///
        /// - Parameters:
        ///   - transport: nil for `loopback` within this process and `tcp` between processes.
        ///   - security: this process's certificates, for nodes at addresses.
        ///   - threads: for each node that is started here; nil shares the cores of this machine among them.
        public func cluster(
            transport: TransportChoice?, security: SecurityChoice? = nil, threads: Int? = nil,
            modules: Modules = .builtin
        ) async throws -> Cluster {
            let cores = ProcessInfo.processInfo.activeProcessorCount
            let share = threads ?? max(1, cores / max(1, count ?? 1))
            var equipment = try NodeEquipment(modules, options: CompileOptions(threads: share))
            let transport = transport ?? TransportChoice(kind: isOneProcess ? "loopback" : "tcp")
            let factory = try modules.transports.make(transport.kind, transport.settings)
            switch self {
            case .local(let count):
                return try await .local(count, transport: factory, equipment: equipment)
            case .spawned(let count, let executable):
                // The leader computes only while the nodes wait for it.
                equipment.options.threads = threads ?? cores
                return try await .spawned(
                    count, executable: executable, threads: share, transport: factory, equipment: equipment,
                    arguments: ["--transport", transport.text] + modules.plugins.flatMap { ["--plugin", $0] })
            case .joined(let transport): return await .joined(transport, equipment: equipment)
            case .addresses(let addresses):
                equipment.options.threads = threads ?? cores
                return try await .connected(
                    to: addresses, transport: factory, equipment: equipment,
                    member: security.map { try $0.member().name }, certificates: security?.certificates)
            case .discovered(let choice, let addresses):
                equipment.options.threads = threads ?? cores
                return try await .found(
                    by: NodeDiscovery(choice.settings, cluster: security.map { try $0.member().cluster }),
                    Cluster.Search(addresses: addresses, count: choice.count, time: .seconds(choice.wait)),
                    transport: factory, equipment: equipment, member: security.map { try $0.member().name },
                    certificates: security?.certificates)
            }
        }
    }

    /// The plan for all nodes.
    public let plan: Plan
    /// The precision of the layers, by the names of the graph that runs.
    public let precision: PrecisionChoice
    /// The kernels that all nodes take.
    public let kernels: [String: KernelChoice]
    /// Whether the result is the single node's to the bit: in bf16 kernels add in orders that depend on the size of a map, and in
    /// bf16 and f16 what runs as one kernel is rounded once, while a tile may begin in the middle of that, and linear layers of few
    /// rows take another kernel than those of many.
    public let isExact: Bool
    public let cluster: Cluster
    private let task: RecoveringTask

    /// Starts or joins the nodes, plans, and distributes layers and weights.
    ///
    /// - Parameters:
    ///   - graph: the network with its sizes and weights.
    ///   - transport: nil for `loopback` within this process and `tcp` between processes.
    ///   - security: this process's certificates, for nodes at addresses.
    ///   - threads: for each node that is started here; nil shares the cores of this machine among them.
    ///   - exact: demand a result that is the single node's to the bit, if all layers compute in f32.
    ///   - precision: that of the layers, on all nodes.
    ///   - tune: measure kernels here, and have all nodes take the fastest.
    ///   - timed: have all nodes note what they do when, for `timeline()`.
    ///   - coded: what is sent in place of weights, see `Network.coded`.
    /// - Throws: `notFound` for a precision of a layer that the network does not have, and what each of these steps throws.
    public static func start(
        _ graph: BoundGraph, partition: PartitionChoice, transport: TransportChoice?, members: Members,
        security: SecurityChoice? = nil, threads: Int? = nil, exact: Bool = true,
        precision: PrecisionChoice = PrecisionChoice(), tune: Bool = false, timed: Bool = false,
        coded: CodedWeights = CodedWeights(), modules: Modules = .builtin
    ) async throws -> Deployment {
        let precision = try precision.resolved(in: graph.graph)
        func cluster() async throws -> Cluster {
            try await members.cluster(transport: transport, security: security, threads: threads, modules: modules)
        }
        func prepare(for count: Int) throws -> (RecoveringTask.Planner, Plan, [String: KernelChoice]) {
            let planner = try partition.planner(graph, nodes: count, strategies: modules.strategies)
            let plan = try planner(Array(0..<count))
            guard tune else { return (planner, plan, [:]) }
            let cores = ProcessInfo.processInfo.activeProcessorCount
            let kernels = try KernelCache.standard.kernels(
                for: graph, backend: modules.backends.make(Modules.defaultBackend),
                options: CompileOptions(threads: threads ?? cores, precision: precision))
            return (planner, plan, kernels)
        }
        // What cannot be planned is known before any node is started, unless nodes have to be counted first.
        let prepared = try members.count.map(prepare)
        let cluster = try await cluster()
        do {
            let (planner, plan, kernels) = try prepared ?? prepare(for: cluster.peers.count)
            let task = try await RecoveringTask.lead(
                plan, on: cluster, exact: exact, precision: precision, kernels: kernels, timed: timed, coded: coded,
                planner: planner)
            let isExact = exact && !precision.uses(.bf16) && !precision.uses(.f16)
            return Deployment(
                plan: plan, precision: precision, kernels: kernels, isExact: isExact, cluster: cluster, task: task)
        } catch {
            await cluster.close()
            throw error
        }
    }

    /// Runs one inference. If a node is lost meanwhile, the others finish it.
    ///
    /// - Throws: `nodeFailure` for a node that fails, or if all are lost.
    public func run(_ inputs: [String: Tensor]) async throws -> (outputs: [String: Tensor], report: ClusterTask.Report)
    {
        try await task.run(inputs)
    }

    /// What all devices did when since the start, the last plan or this was last asked for.
    ///
    /// - Throws: `invalidArgument` if that was not asked for at the start, `nodeFailure` naming a node that is lost.
    public func timeline() async throws -> MeasuredTimeline { try await task.timeline() }

    /// The plan for the nodes that are left; `plan` while none is lost.
    public var currentPlan: Plan { get async { await task.plan } }

    /// How many times a node was lost and done without.
    public var recovered: Int { get async { await task.recovered } }

    /// Bytes of layers and weights that were distributed.
    public var distributedByteCount: Int { get async { await task.distributedByteCount } }

    /// Bytes by which that is less than if no weight had been coded.
    public var savedByteCount: Int { get async { await task.savedByteCount } }

    /// Ends the task and takes leave of the nodes.
    public func close() async {
        await task.finish()
        await cluster.close()
    }
}
