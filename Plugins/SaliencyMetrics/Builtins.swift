import TesseraCore
import TesseraPruning

extension Registry where Product == any SaliencyMetric {
    /// Every saliency metric that Tessera has.
    public static var builtin: Registry<any SaliencyMetric> {
        Registry(
            kind: "saliency metric",
            [
                Module(BatchNormScale.self, name: BatchNormScale.name, summary: BatchNormScale.summary) { $0 },
                Module(GeometricMedian.self, name: GeometricMedian.name, summary: GeometricMedian.summary) { $0 },
                Module(L1Norm.self, name: L1Norm.name, summary: L1Norm.summary) { $0 },
                Module(L2Norm.self, name: L2Norm.name, summary: L2Norm.summary) { $0 },
                Module(LossChange.self, name: LossChange.name, summary: LossChange.summary) { $0 },
                Module(RandomSaliency.self, name: RandomSaliency.name, summary: RandomSaliency.summary) { $0 },
                Module(TaylorExpansion.self, name: TaylorExpansion.name, summary: TaylorExpansion.summary) { $0 },
            ])
    }
}
