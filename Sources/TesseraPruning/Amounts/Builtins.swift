import TesseraCore

extension Registry where Product == any AmountRule {
    /// Every rule for how much is pruned.
    public static var builtin: Registry<any AmountRule> {
        Registry(
            kind: "pruning amount",
            [
                Module(GlobalRatio.self, name: GlobalRatio.name, summary: GlobalRatio.summary) { $0 },
                Module(Ratio.self, name: Ratio.name, summary: Ratio.summary) { $0 },
                Module(Steepness.self, name: Steepness.name, summary: Steepness.summary) { $0 },
                Module(TargetLatency.self, name: TargetLatency.name, summary: TargetLatency.summary) { $0 },
                Module(TargetMACs.self, name: TargetMACs.name, summary: TargetMACs.summary) { $0 },
            ])
    }
}
