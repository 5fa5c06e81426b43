import CTesseraPlugin
import TesseraCore
import TesseraPartition

/// A partition strategy of a library.
struct StrategyPlugin: PartitionStrategy {
    private let library: PluginLibrary
    private let options: PluginOptionValues

    init(_ library: PluginLibrary, _ options: PluginOptionValues) { (self.library, self.options) = (library, options) }

    func stages(for span: Span, nodes: Int) throws -> [StageChoice] {
        try decision(for: span, on: ClusterProfile(equalNodes: nodes)).stages
    }

    func decision(for span: Span, on cluster: ClusterProfile) throws -> PartitionDecision {
        guard let partition = library.functions(tessera_strategy.self).partition else {
            return PartitionDecision(stages: [])
        }
        let memory = PluginMemory()
        let planner = PluginPlanner(span, on: cluster)
        let shown = memory.one(try planner.show(memory), named: "span")
        try withExtendedLifetime((memory, options, planner)) {
            try library.call("partition") { partition(options.handle, shown, planner.handle, $0) }
        }
        return planner.decision
    }
}
