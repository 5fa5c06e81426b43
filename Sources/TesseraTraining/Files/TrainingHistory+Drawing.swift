import Foundation
import TesseraCore

extension TrainingHistory {
    /// A picture of the curves: the loss, and beside it the accuracy or the signal-to-noise ratio.
    public func svg(title: String) -> String {
        let loss = CurveChart(
            title: "loss", axis: "epoch",
            curves: [
                .init(name: hasParts ? "total" : "training", points: points(\.trainLoss)),
                .init(name: "test", points: points(\.testLoss)),
                .init(name: "quantized", points: points(\.trainLossParts?.own)),
                .init(name: "auxiliary", points: points(\.trainLossParts?.auxiliary)),
                .init(name: "distillation", points: points(\.trainLossParts?.distillation)),
            ])
        let hasClasses = epochs.contains { $0.trainAccuracy != nil }
        let quality = CurveChart(
            title: hasClasses ? "accuracy" : "test PSNR in dB", axis: "epoch",
            curves: hasClasses
                ? [
                    .init(name: "training", points: points(\.trainAccuracy)),
                    .init(name: "test", points: points(\.testAccuracy)),
                ] : [.init(name: "test", points: points(\.testPSNR))])
        return CurveChart.svg(title: title, [loss, quality])
    }

    private func points(_ path: KeyPath<Epoch, Double>) -> [(Double, Double)] {
        epochs.map { (Double($0.epoch), $0[keyPath: path]) }
    }

    private func points(_ path: KeyPath<Epoch, Double?>) -> [(Double, Double)] {
        epochs.compactMap { epoch in epoch[keyPath: path].map { (Double(epoch.epoch), $0) } }
    }
}
