import TesseraCore
import TesseraPartition

/// Plans of which the one is taken that a simulation finds to be best.
struct CandidatePlans {
    private struct Candidate {
        let plan: Plan
        /// The seconds for one picture, or for several if throughput is wanted.
        let seconds: Double
        /// What devices need; nothing where it does not count.
        let memory: MemoryNeed

        var busyCount: Int { plan.busyNodes.count }
    }

    /// How many pictures are simulated where throughput is wanted.
    private static let pictures = 16

    private let model: CostModel
    private let objective: Auto.Objective
    private var seen: [[StageChoice]] = []
    private var candidates: [Candidate] = []
    /// Why plans were not taken that need more memory than there is; the least that any lacked.
    private var memoryProblems: [String] = []

    init(model: CostModel, objective: Auto.Objective) { (self.model, self.objective) = (model, objective) }

    /// Looks at one more plan; one that is none, or needs too much memory, is not among the candidates.
    mutating func add(_ choices: [StageChoice]?) {
        guard let choices, !seen.contains(choices) else { return }
        seen.append(choices)
        guard
            let plan = try? Plan(
                model.graph, nodes: model.cluster.nodes.count, choices: choices, strategy: Auto.name)
        else { return }
        let problems = model.memoryProblems(of: plan)
        guard problems.isEmpty else {
            if memoryProblems.isEmpty || problems.count < memoryProblems.count { memoryProblems = problems }
            return
        }
        let pictures = objective == .throughput ? Self.pictures : 1
        guard let simulation = try? plan.simulated(with: model, pictures: pictures) else { return }
        let memory = MemoryNeed(objective == .memory ? model.memory(of: plan).map(\.total) : [])
        candidates.append(Candidate(plan: plan, seconds: simulation.duration, memory: memory))
    }

    /// The best plan, with what there is to say of it.
    ///
    /// - Throws: `limitExceeded` if no plan fits into the devices' memory.
    func decision() throws -> PartitionDecision {
        guard let best = candidates.min(by: isBetter) else {
            throw TesseraError(
                .limitExceeded,
                "expected devices with enough memory for the network, found none that a cut was found for: "
                    + memoryProblems.joined(separator: ", "))
        }
        return PartitionDecision(stages: best.plan.stages.map(\.choice), notes: notes(on: best))
    }

    private func isBetter(_ a: Candidate, _ b: Candidate) -> Bool {
        // Of two that are equally good, the one of fewer nodes and stages.
        let (x, y) = (a.plan.stages.count, b.plan.stages.count)
        return (a.memory.score, a.seconds, a.busyCount, x) < (b.memory.score, b.seconds, b.busyCount, y)
    }

    // MARK: What a person is told

    private func notes(on best: Candidate) -> [String] {
        var notes = ["\(objective.rawValue): \(figure(best)) by the cost model"]
        if let single = candidates.filter({ $0.busyCount <= 1 && $0.plan.stages.count <= 1 }).min(by: isBetter) {
            notes.append("on \(devices(of: single)) alone: \(figure(single))")
        }
        // Without stages the leader has it all, which may be a node, too.
        let busy = best.plan.stages.isEmpty ? model.cluster.leaderNode.map { [$0] } ?? [] : best.plan.busyNodes
        let idle = model.cluster.nodes.indices.filter { !busy.contains($0) }
        guard !idle.isEmpty else { return notes }
        let names = idle.prefix(8).map { model.cluster.nodes[$0].name }.joined(separator: ", ")
        let all = "left out: " + names + (idle.count > 8 ? " and \(idle.count - 8) more" : "")
        let larger = candidates.filter { $0.busyCount > best.busyCount }.min(by: isBetter)
        if let larger {
            notes.append("\(all), since the best plan found for \(larger.busyCount) nodes has \(figure(larger))")
        } else if !memoryProblems.isEmpty {
            notes.append("\(all), since with more nodes " + memoryProblems.prefix(3).joined(separator: ", "))
        } else {
            notes.append("\(all), since the maps cannot be cut for more nodes")
        }
        return notes
    }

    private func devices(of candidate: Candidate) -> String {
        candidate.plan.busyNodes.first.map { model.cluster.nodes[$0].name } ?? model.cluster.leader.name
    }

    private func figure(_ candidate: Candidate) -> String {
        switch objective {
        case .latency: "\(rounded(candidate.seconds * 1e3)) ms"
        case .throughput: "\(rounded(Double(Self.pictures) / candidate.seconds)) pictures/s"
        case .memory:
            "\(ByteCount(candidate.memory.most)) on the device that needs most, \(rounded(candidate.seconds * 1e3)) ms"
        }
    }

    private func rounded(_ value: Double) -> String {
        value >= 100 ? String(Int(value.rounded())) : String((value * 100).rounded() / 100)
    }
}
