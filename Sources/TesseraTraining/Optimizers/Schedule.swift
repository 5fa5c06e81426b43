import Foundation

/// The learning rate over time, as a part of its largest value.
public struct Schedule: Sendable, Equatable {
    public enum Shape: Sendable, Equatable {
        case constant
        /// Half a cosine from 1 to `end` (Loshchilov and Hutter, 2017).
        case cosine(end: Double)
        /// Times `factor` after each of these parts of the whole time, from 0 to 1.
        case step(at: [Double], factor: Double)
    }

    public var shape: Shape
    /// Steps at the beginning in which the rate rises from nearly 0 in a straight line.
    public var warmUp: Int

    public init(_ shape: Shape = .constant, warmUp: Int = 0) { (self.shape, self.warmUp) = (shape, warmUp) }

    /// The factor of the learning rate in a step, counted from 0, of all steps.
    public func factor(step: Int, of total: Int) -> Double {
        if step < warmUp { return Double(step + 1) / Double(warmUp) }
        let progress = total > warmUp ? Double(step - warmUp) / Double(total - warmUp) : 1
        switch shape {
        case .constant: return 1
        case .cosine(let end): return end + (1 - end) * 0.5 * (1 + cos(Double.pi * progress))
        case .step(let places, let factor):
            return pow(factor, Double(places.count { progress >= $0 }))
        }
    }
}
