import Logging
import TesseraCore
import TesseraPartition
import TesseraRuntime

/// A network that runs on a cluster whatever becomes of its nodes, as long as one is left.
///
/// When a node is lost, the leader plans again for those that are left, and what was under way runs once more on them. Lost nodes are
/// dialed until they are back; then the leader plans with them again, while what is under way goes on as it is. Nodes keep weights
/// from one plan to the next.
///
/// What waits for few nodes far longer than inferences took before runs a second time on the others, see `Patience`. The first answer
/// counts.
public actor RecoveringTask {
    /// Gives the plan for some of a cluster's nodes, those whose numbers it is given in ascending order.
    public typealias Planner = @Sendable ([Int]) throws -> Plan

    private struct Member {
        /// A node that is restarted may call itself otherwise.
        var peer: PeerID
        var address: String?
        var isLost = false
        /// It has work that takes too long, and gets no more until that is done.
        var isSetAside = false

        var isUsable: Bool { !isLost && !isSetAside }
    }

    /// The task that runs inferences.
    private struct Leading {
        let number: Int
        let task: ClusterTask
        /// Which members it runs on.
        let members: [Int]
        var patience = Patience()
    }

    /// What an inference and its report are.
    public typealias Answer = (outputs: [String: Tensor], report: ClusterTask.Report)

    private enum Outcome {
        case answered(Result<Answer, any Error>)
        case overdue
        /// Who could run the inference as well; nil for nobody.
        case found(Leading?)
    }

    private let node: Node
    private let cluster: Cluster
    private let exact: Bool
    private let precision: PrecisionChoice?
    private let kernels: [String: KernelChoice]?
    private let isTimed: Bool
    private let coded: CodedWeights
    /// The plan for all members.
    private let whole: Plan
    private let planner: Planner
    private var members: [Member]
    /// Nil while no plan works.
    private var leading: Leading?
    /// The members that worked last.
    private var proven: [Int] = []
    /// Plans again and leads that, for all who wait.
    private var change: Task<Void, any Error>?
    /// A node came back too late for the change under way.
    private var isStale = false
    private var dialing: [Int: Task<Void, Never>] = [:]
    private var started = 0
    private var isFinished = false

    /// The plan that inferences run by.
    public private(set) var plan: Plan
    /// How many times a node was lost and done without.
    public private(set) var recovered = 0
    /// Bytes of layers and weights that were sent for all plans so far.
    public private(set) var distributedByteCount = 0
    /// Bytes by which that is less than if no weight had been coded.
    public private(set) var savedByteCount = 0

    /// How long a lost node is left alone before it is dialed, at first and at most.
    private static let pauses = (first: Duration.milliseconds(100), longest: Duration.seconds(1))

    /// Makes a cluster's leader the one of a task, see `ClusterTask.lead`.
    ///
    /// - Parameters:
    ///   - plan: for all nodes of the cluster.
    ///   - planner: gives the plan for those that are left.
    /// - Throws: `nodeFailure` for a node that fails or if all are lost; `invalidArgument` for nodes that do not fit the plan.
    public static func lead(
        _ plan: Plan, on cluster: Cluster, exact: Bool = true, precision: PrecisionChoice? = nil,
        kernels: [String: KernelChoice]? = nil, timed: Bool = false, coded: CodedWeights = CodedWeights(),
        planner: @escaping Planner
    ) async throws -> RecoveringTask {
        let task = RecoveringTask(
            plan, on: cluster, exact: exact, precision: precision, kernels: kernels, timed: timed, coded: coded,
            planner: planner)
        do {
            _ = try await task.ready()
        } catch {
            await task.finish()
            throw error
        }
        return task
    }

    private init(
        _ plan: Plan, on cluster: Cluster, exact: Bool, precision: PrecisionChoice?, kernels: [String: KernelChoice]?,
        timed: Bool, coded: CodedWeights, planner: @escaping Planner
    ) {
        (node, self.cluster) = (cluster.leader, cluster)
        (self.exact, self.precision, self.kernels) = (exact, precision, kernels)
        (whole, self.plan, self.planner, isTimed) = (plan, plan, planner, timed)
        self.coded = coded
        members = cluster.peers.map { Member(peer: $0, address: cluster.addresses[$0]) }
    }

    deinit { for dial in dialing.values { dial.cancel() } }

    /// Runs one inference. Several may run at once, and each gets its answer once, whatever becomes of nodes meanwhile.
    ///
    /// - Parameter inputs: a tensor for every input of the network.
    /// - Throws: `nodeFailure` for a node that fails, or if all are lost.
    public func run(_ inputs: [String: Tensor]) async throws -> Answer {
        let start = ContinuousClock.now
        var last: NodeLoss?
        // A node that is lost again and again must not keep an inference for ever.
        for _ in 0..<(2 * members.count + 2) {
            let leading = try await ready()
            do {
                var (outputs, report) = try await answer(to: inputs, by: leading)
                if last != nil { report.latency = ContinuousClock.now - start }
                return (outputs, report)
            } catch let loss as NodeLoss {
                last = loss
                try Task.checkCancellation()
                recover(leading.number, after: loss)
            }
        }
        throw last?.error ?? TesseraError(.nodeFailure, "the task has no nodes")
    }

    /// What all devices did when since the last plan or this was last asked for, see `ClusterTask.timeline`.
    public func timeline() async throws -> MeasuredTimeline { try await ready().task.timeline() }

    /// Tells the nodes that the task is over, and leaves those that are lost alone.
    public func finish() async {
        isFinished = true
        for dial in dialing.values { dial.cancel() }
        dialing = [:]
        _ = try? await change?.value
        await leading?.task.finish()
        leading = nil
    }

    // MARK: Planning again

    /// The task to run inferences with.
    private func ready() async throws -> Leading {
        while true {
            guard !isFinished else { throw TesseraError(.nodeFailure, "the task is over") }
            if let leading { return leading }
            try await adapt(after: nil).value
        }
    }

    /// Gives up a task that cannot go on. Somebody may have done so before.
    private func recover(_ number: Int, after loss: NodeLoss) {
        guard let failed = leading, failed.number == number, !isFinished else { return }
        leading = nil
        _ = adapt(after: loss, finishing: failed.task)
    }

    /// Adapts to the nodes that are there, unless that is under way.
    @discardableResult
    private func adapt(after loss: NodeLoss?, finishing failed: ClusterTask? = nil) -> Task<Void, any Error> {
        if let change { return change }
        let change = Task {
            // So that nodes stop computing what nobody needs.
            await failed?.finish()
            try await leadAgain(after: loss)
        }
        self.change = change
        return change
    }

    private func leadAgain(after loss: NodeLoss?) async throws {
        defer {
            change = nil
            if isStale {
                isStale = false
                adapt(after: nil)
            }
        }
        var loss = loss
        for _ in 0..<(2 * members.count + 2) {
            noteLosses()
            let left = members.indices.filter { members[$0].isUsable }
            guard !left.isEmpty else { throw allLost(loss) }
            // One that came back may be gone again.
            if let leading, leading.members == left { return }
            do {
                return try await lead(left)
            } catch let another as NodeLoss {
                loss = another
            } catch {
                let newcomers = proven.isEmpty ? [] : left.filter { !proven.contains($0) }
                guard !newcomers.isEmpty else { throw described(error, after: loss) }
                for index in newcomers { refuse(index, error) }
            }
        }
        throw loss?.error ?? TesseraError(.nodeFailure, "no plan was found that nodes can run")
    }

    /// Leads a plan for some of the members, in place of the one before.
    private func lead(_ indices: [Int]) async throws {
        let start = ContinuousClock.now
        let (planner, whole, isWhole) = (planner, whole, indices.count == members.count)
        let plan = isWhole ? whole : try await node.compute.run { try planner(indices) }
        started += 1
        let number = started
        let peers = indices.map { members[$0].peer }
        let addresses = indices.compactMap { index in members[index].address.map { (members[index].peer, $0) } }
        let task = try ClusterTask(
            plan, on: node, peers: peers, addresses: Dictionary(addresses) { first, _ in first }, precision: precision,
            kernels: kernels, timed: isTimed, coded: coded,
            onLoss: { [weak self] loss in Task { await self?.recover(number, after: loss) } })
        try await task.begin(exact: exact)
        distributedByteCount += await task.distributedByteCount
        savedByteCount += await task.savedByteCount
        guard !isFinished else { return await task.finish() }
        // Whatever runs by the plan before keeps its task until it is over.
        (leading, proven, self.plan) = (Leading(number: number, task: task, members: indices), indices, plan)
        guard number > 1 else { return }
        node.logger.warning(
            "planned again",
            metadata: [
                "nodes": "\(peers.map(\.name).joined(separator: ", "))", "strategy": "\(plan.strategy)",
                "stages": "\(plan.stages.count)", "busy": "\(plan.busyNodes.count)",
                "seconds": "\((ContinuousClock.now - start) / .seconds(1))",
            ])
    }

    /// Finds out who is gone, and has those dialed.
    private func noteLosses() {
        for (index, member) in members.enumerated() where !member.isLost && !node.isConnected(to: member.peer) {
            members[index].isLost = true
            recovered += 1
            node.logger.warning(
                "a node was lost",
                metadata: ["node": "\(member.peer)", "address": "\(member.address ?? "none")"])
            dial(index)
        }
    }

    private func allLost(_ loss: NodeLoss?) -> TesseraError {
        TesseraError(
            .nodeFailure, members.count == 1 ? "the only node is lost" : "all \(members.count) nodes are lost",
            cause: loss?.error)
    }

    /// Says which node was lost if that is why something else failed.
    private func described(_ error: any Error, after loss: NodeLoss?) -> any Error {
        guard let loss, let error = error as? TesseraError else { return error }
        return TesseraError(
            error.code, "\(loss.error.message), and those that are left cannot go on: \(error.message)",
            cause: error.cause)
    }

    // MARK: Stragglers

    /// Runs an inference, and a second time without those nodes that it waits for too long.
    private func answer(to inputs: [String: Tensor], by leading: Leading) async throws -> Answer {
        guard let limit = leading.patience.limit else { return try await attempt(inputs, by: leading) }
        let (outcomes, outcome) = AsyncStream.makeStream(of: Outcome.self)
        let first = Task { _ = outcome.yield(.answered(await result { try await attempt(inputs, by: leading) })) }
        // Again and again: whom it waits for may not be clear at once.
        let timer = Task {
            try await Task.sleep(for: limit)
            while true {
                outcome.yield(.overdue)
                try await Task.sleep(for: Self.pauses.first)
            }
        }
        defer { timer.cancel() }
        return try await withTaskCancellationHandler {
            var runs = 1
            var isLooking = false
            var second: Task<Void, Never>?
            for await event in outcomes {
                switch event {
                case .answered(let result):
                    runs -= 1
                    if runs > 0, case .failure = result { continue }
                    return try result.get()
                case .overdue:
                    guard second == nil, !isLooking else { continue }
                    isLooking = true
                    // Meanwhile an answer may come.
                    Task {
                        let other = await without(stragglersOf: leading, after: limit, until: first)
                        outcome.yield(.found(other))
                    }
                case .found(let other):
                    isLooking = false
                    guard let other else { continue }
                    runs += 1
                    second = Task {
                        _ = outcome.yield(.answered(await result { try await attempt(inputs, by: other) }))
                    }
                }
            }
            second?.cancel()
            throw CancellationError()
        } onCancel: {
            first.cancel()
        }
    }

    private func attempt(_ inputs: [String: Tensor], by leading: Leading) async throws -> Answer {
        let answer = try await leading.task.attempt(inputs)
        if self.leading?.number == leading.number { self.leading?.patience.add(answer.report.latency) }
        return answer
    }

    private func result(_ body: () async throws -> Answer) async -> Result<Answer, any Error> {
        do { return .success(try await body()) } catch { return .failure(error) }
    }

    /// Sets those aside that inferences wait for, until `work` is over.
    ///
    /// - Returns: a task on the others, if they are enough and can run it.
    private func without(
        stragglersOf slow: Leading, after limit: Duration, until work: Task<Void, Never>
    ) async -> Leading? {
        let awaited = await slow.task.stragglers(after: limit).map { slow.members[$0] }
        while let change { _ = try? await change.value }
        if leading?.number == slow.number {
            let stragglers = awaited.filter { !members[$0].isSetAside }
            guard !stragglers.isEmpty, 2 * stragglers.count <= slow.members.count else { return nil }
            for index in stragglers {
                members[index].isSetAside = true
                node.logger.warning(
                    "a node takes too long, so others do its work", metadata: ["node": "\(members[index].peer)"])
            }
            Task { [weak self] in
                await work.value
                await self?.takeUp(stragglers)
            }
            _ = try? await adapt(after: nil).value
        }
        return leading?.number == slow.number ? nil : leading
    }

    /// Has nodes work again that were set aside.
    private func takeUp(_ indices: [Int]) {
        for index in indices { members[index].isSetAside = false }
        guard !isFinished else { return }
        if change == nil { adapt(after: nil) } else { isStale = true }
    }

    // MARK: Coming back

    /// Dials a lost node until it is there.
    private func dial(_ index: Int) {
        guard !isFinished else { return }
        dialing[index] = Task { [weak self] in
            var pause = Self.pauses.first
            while (try? await Task.sleep(for: pause)) != nil {
                guard let self, await !self.meet(index) else { return }
                pause = min(pause * 2, Self.pauses.longest)
            }
        }
    }

    /// - Returns: whether the node is there, or not wanted any more.
    private func meet(_ index: Int) async -> Bool {
        var peer = members[index].peer
        // Over some transports nodes appear by themselves.
        if !node.isConnected(to: peer) {
            guard let transport = node.transport as? any ListeningTransport else { return false }
            // It may be at another address than before.
            let places = cluster.places(of: peer)
            var found: PeerID?
            for address in places where found == nil {
                found = try? await transport.connect(to: address)
                if found != nil { members[index].address = address }
            }
            guard let found else { return false }
            peer = found
        }
        guard !isFinished else { return true }
        let isKnown = members.enumerated().contains { $0 != index && $1.peer == peer }
        do {
            guard !isKnown else {
                throw TesseraError(.invalidArgument, "another node is called so already")
            }
            try ClusterTask.check([peer], of: node, exact: exact)
        } catch is NodeLoss {
            return false
        } catch {
            refuse(index, error)
            return true
        }
        (members[index].peer, members[index].isLost) = (peer, false)
        dialing[index] = nil
        node.logger.warning("a node is back", metadata: ["node": "\(peer)"])
        if change == nil { adapt(after: nil) } else { isStale = true }
        return true
    }

    /// Does without a node that is there for good.
    private func refuse(_ index: Int, _ error: any Error) {
        members[index].isLost = true
        dialing.removeValue(forKey: index)?.cancel()
        node.logger.warning(
            "a node that is back cannot be used", metadata: ["node": "\(members[index].peer)", "error": "\(error)"])
    }
}
