import TesseraCore
import TesseraPartition

extension Registry where Product == any PartitionStrategy {
    /// Every partition strategy that Tessera has.
    public static var builtin: Registry<any PartitionStrategy> {
        Registry(
            kind: "partition strategy",
            [
                Module(Auto.self, name: Auto.name, summary: Auto.summary) { $0 },
                Module(Channel.self, name: Channel.name, summary: Channel.summary) { $0 },
                Module(FusedGrid.self, name: FusedGrid.name, summary: FusedGrid.summary) { $0 },
                Module(Layerwise.self, name: Layerwise.name, summary: Layerwise.summary) { $0 },
                Module(Pipeline.self, name: Pipeline.name, summary: Pipeline.summary) { $0 },
                Module(Strips.self, name: Strips.name, summary: Strips.summary) { $0 },
                Module(Vertical.self, name: Vertical.name, summary: Vertical.summary) { $0 },
            ])
    }
}
