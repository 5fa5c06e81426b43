import TesseraCore
import TesseraPartition

extension Registry where Product == any PartitionStrategy {
    /// Every partition strategy that Tessera has.
    public static var builtin: Registry<any PartitionStrategy> {
        Registry(
            kind: "partition strategy",
            [
                Module(Auto.self, name: Auto.name, summary: Auto.summary) { $0 },
                Module(FusedGrid.self, name: FusedGrid.name, summary: FusedGrid.summary) { $0 },
                Module(Vertical.self, name: Vertical.name, summary: Vertical.summary) { $0 },
            ])
    }
}
