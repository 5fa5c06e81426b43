import Foundation
import TesseraCore

/// What each epoch came to.
public struct TrainingHistory: Codable, Sendable, Equatable {
    public struct Epoch: Codable, Sendable, Equatable {
        /// Counted from 1.
        public var epoch: Int
        /// The learning rate of the last step.
        public var rate: Double
        public var trainLoss: Double
        /// The parts of that loss; nil without an auxiliary network.
        public var trainLossParts: LossParts?
        /// Of the pictures trained with, from 0 to 1; nil without classes.
        public var trainAccuracy: Double?
        public var testLoss: Double?
        public var testAccuracy: Double?
        /// Decibels; nil with classes.
        public var testPSNR: Double?
        public var seconds: Double
        public var imagesPerSecond: Double
    }

    public var epochs: [Epoch] = []

    public init() {}

    /// One line for each epoch.
    public var csv: String {
        var lines = [
            "epoch,rate,train_loss,train_accuracy,test_loss,test_accuracy,test_psnr,seconds,images_per_second"
                + (hasParts ? ",own_loss,auxiliary_loss,distillation_loss" : "")
        ]
        for epoch in epochs {
            func text(_ value: Double?) -> String { value.map { String(format: "%.6g", $0) } ?? "" }
            lines.append(
                ([String(epoch.epoch)]
                    + [
                        epoch.rate, epoch.trainLoss, epoch.trainAccuracy, epoch.testLoss, epoch.testAccuracy,
                        epoch.testPSNR, epoch.seconds, epoch.imagesPerSecond,
                    ].map(text) + (hasParts ? parts(epoch).map(text) : [])).joined(separator: ","))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Whether there was an auxiliary network.
    var hasParts: Bool { epochs.contains { $0.trainLossParts != nil } }

    private func parts(_ epoch: Epoch) -> [Double?] {
        [epoch.trainLossParts?.own, epoch.trainLossParts?.auxiliary, epoch.trainLossParts?.distillation]
    }
}
