import Foundation
import TesseraCore
import TesseraRuntime

/// Changes weights by their gradients, one step at a time.
public protocol Optimizer: AnyObject {
    /// What it remembers between steps, by name: f32 numbers, one for each of the weights.
    var state: [String: [Float]] { get set }
    /// Steps so far.
    var steps: Int { get set }
    /// - Parameter rate: the learning rate.
    func update(_ parameters: ParameterSet, rate: Double)
}

/// How weights are pulled towards zero.
public struct WeightDecay: Sendable, Equatable {
    public var amount: Double
    /// Whether biases and the parameters of normalizations decay as well.
    public var decaysAll: Bool

    public init(_ amount: Double = 0, decaysAll: Bool = false) { (self.amount, self.decaysAll) = (amount, decaysAll) }

    func amount(for entry: ParameterSet.Entry) -> Float { decaysAll || entry.isWeight ? Float(amount) : 0 }
}

/// Stochastic gradient descent with momentum, as PyTorch's: v = momentum · v + g, w -= rate · v; with Nesterov's
/// w -= rate · (g + momentum · v). g is the gradient and decay · w.
public final class StochasticGradientDescent: Optimizer {
    public let momentum: Float
    public let isNesterov: Bool
    public let decay: WeightDecay
    public var steps = 0
    private var velocity: [Float] = []

    public init(momentum: Double = 0, nesterov: Bool = false, decay: WeightDecay = WeightDecay()) {
        (self.momentum, isNesterov, self.decay) = (Float(momentum), nesterov, decay)
    }

    public var state: [String: [Float]] {
        get { ["velocity": velocity] }
        set { velocity = newValue["velocity"] ?? [] }
    }

    public func update(_ parameters: ParameterSet, rate: Double) {
        steps += 1
        if velocity.count != parameters.values.count {
            velocity = [Float](repeating: 0, count: parameters.values.count)
        }
        let (w, g) = (parameters.values, parameters.gradients)
        let (rate, momentum, isNesterov) = (Float(rate), momentum, isNesterov)
        velocity.withUnsafeMutableBufferPointer { v in
            for entry in parameters.entries where entry.isTrainable {
                let decay = decay.amount(for: entry)
                for index in entry.range {
                    let gradient = g[index] + decay * w[index]
                    v[index] = momentum * v[index] + gradient
                    w[index] -= rate * (isNesterov ? gradient + momentum * v[index] : v[index])
                }
            }
        }
    }
}

/// Adam with decoupled weight decay (Loshchilov and Hutter, 2019): w -= rate · (decay · w + m̂ / (√v̂ + epsilon)).
public final class AdamW: Optimizer {
    public let beta1: Double
    public let beta2: Double
    public let epsilon: Double
    public let decay: WeightDecay
    public var steps = 0
    private var mean: [Float] = []
    private var square: [Float] = []

    public init(
        beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, decay: WeightDecay = WeightDecay(0.01)
    ) {
        (self.beta1, self.beta2, self.epsilon, self.decay) = (beta1, beta2, epsilon, decay)
    }

    public var state: [String: [Float]] {
        get { ["mean": mean, "square": square] }
        set { (mean, square) = (newValue["mean"] ?? [], newValue["square"] ?? []) }
    }

    public func update(_ parameters: ParameterSet, rate: Double) {
        steps += 1
        let count = parameters.values.count
        if mean.count != count { mean = [Float](repeating: 0, count: count) }
        if square.count != count { square = [Float](repeating: 0, count: count) }
        let (w, g) = (parameters.values, parameters.gradients)
        let (b1, b2) = (Float(beta1), Float(beta2))
        let size = Float(rate / (1 - pow(beta1, Double(steps))))
        let correction = Float((1 - pow(beta2, Double(steps))).squareRoot())
        let epsilon = Float(epsilon)
        mean.withUnsafeMutableBufferPointer { m in
            square.withUnsafeMutableBufferPointer { v in
                for entry in parameters.entries where entry.isTrainable {
                    let shrink = 1 - Float(rate) * decay.amount(for: entry)
                    for index in entry.range {
                        w[index] *= shrink
                        m[index] = b1 * m[index] + (1 - b1) * g[index]
                        v[index] = b2 * v[index] + (1 - b2) * g[index] * g[index]
                        w[index] -= size * m[index] / (v[index].squareRoot() / correction + epsilon)
                    }
                }
            }
        }
    }
}

extension ParameterSet {
    /// The Euclidean norm of all gradients together.
    public func gradientNorm() -> Double {
        var sum = 0.0
        for entry in entries where entry.isTrainable {
            for index in entry.range { sum += Double(gradients[index]) * Double(gradients[index]) }
        }
        return sum.squareRoot()
    }

    /// Shrinks all gradients so that their norm is `limit` at most.
    public func clipGradients(to limit: Double) {
        let norm = gradientNorm()
        guard norm > limit else { return }
        let factor = Float(limit / (norm + 1e-6))
        for entry in entries where entry.isTrainable {
            for index in entry.range { gradients[index] *= factor }
        }
    }
}
