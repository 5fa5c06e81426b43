import TesseraCore
import TesseraPartition

/// The best cut for the devices at hand, by the cost model.
///
/// Dynamic programming over the places at which the span can be cut (`PlanSearch`) gives plans for every number of nodes; the best
/// of them, of some usual ones, and of each device by itself is what a simulation finds to be best.
public struct Auto: PartitionStrategy, Configurable {
    public static let name = "auto"
    public static let summary = "the best cut for the devices at hand, by a model of what it costs"

    /// What is to be as small, or as large, as it can be.
    public enum Objective: String, ConfigurationChoice {
        /// The time for one picture.
        case latency
        /// Pictures a second, when there are always more.
        case throughput
        /// The memory that any one device needs.
        case memory
    }

    public var objective = Objective.latency

    public init() {}

    public static let keys: [Key<Auto>] = [
        Key(
            "objective", \.objective,
            "what is wanted: a low latency, a high throughput, or little memory on every device")
    ]

    public func stages(for span: Span, nodes: Int) throws -> [StageChoice] {
        try decision(for: span, on: ClusterProfile(equalNodes: nodes)).stages
    }

    public func decision(for span: Span, on cluster: ClusterProfile) throws -> PartitionDecision {
        let model = CostModel(span.graph, on: cluster)
        var candidates = CandidatePlans(model: model, objective: objective)
        for endpoint in model.singleDevices { candidates.add(model.singleDevicePlan(at: endpoint, of: span)) }
        let search = PlanSearch(span, model: model, objective: objective)
        candidates.add(search.best())
        // With just so many nodes, each: what the search says of a number may be wrong by a little, and to leave a node out is
        // to be explained.
        for count in Set(search.tilings.map(\.nodes.count)).sorted() where count > 1 {
            candidates.add(search.best { $0.nodes.count == count })
        }
        for strategy in Self.others { candidates.add(try? strategy.decision(for: span, on: cluster).stages) }
        return try candidates.decision()
    }

    /// What else there is, as it is without options, and fused blocks between pools: good on some networks, whatever the costs.
    private static var others: [any PartitionStrategy] {
        var blocks = FusedGrid()
        blocks.cutAfter = ["max_pool"]
        let modules = Registry<any PartitionStrategy>.builtin.modules.filter { $0.name != name }
        return modules.compactMap { try? $0.make() } + [blocks]
    }
}
