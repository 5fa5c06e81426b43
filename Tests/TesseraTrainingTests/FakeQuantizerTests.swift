import Foundation
import Tessera
import TesseraTestSupport
import Testing

@Suite struct FakeQuantizerTests {
    private func derived(_ rule: any DerivedWeights, _ weights: [Float], learned: Float = 0) -> [Float] {
        var result = [Float](repeating: .nan, count: weights.count)
        weights.withUnsafeBufferPointer { weights in
            result.withUnsafeMutableBufferPointer { rule.derive(weights, learned: learned, into: $0) }
        }
        return result
    }

    private func gradients(
        _ rule: any DerivedWeights, _ weights: [Float], _ gradient: [Float], learned: Float = 0
    ) -> ([Float], Float) {
        var result = gradient
        let step = weights.withUnsafeBufferPointer { weights in
            result.withUnsafeMutableBufferPointer { rule.takeBack(weights, learned: learned, gradient: $0) }
        }
        return (result, step)
    }

    @Test("DoReFa's weights of two bits are thirds of odd numbers, by their hyperbolic tangents")
    func dorefa() throws {
        let rule = DoReFa().weights(bits: 2)
        let weights: [Float] = [-2, -0.5, -0.1, 0.1, 0.5, 2]
        // tanh(w) / tanh(2): -1, -0.479, -0.103 …; (t + 1) / 2 · 3: 0, 0.78, 1.35, 1.65, 2.22, 3.
        let values = derived(rule, weights)
        for (found, expected) in zip(values, [-1, -1.0 / 3, -1.0 / 3, 1.0 / 3, 1.0 / 3, 1]) {
            #expect(abs(Double(found) - expected) < 1e-6)
        }
        let (integers, scale) = rule.integers(of: weights, learned: 0)
        #expect(integers == [-3, -1, -1, 1, 1, 3])
        #expect(zip(integers, values).allSatisfy { Float($0) * scale == $1 })
        let (back, _) = gradients(rule, weights, [Float](repeating: 2, count: 6))
        for (weight, found) in zip(weights, back) {
            let expected = 2 * (1 - pow(tanh(Double(weight)), 2)) / tanh(2.0)
            #expect(abs(Double(found) - expected) < 1e-5)
        }
        #expect(rule.initial(for: weights) == nil)
        let op = DoReFa().activations(bits: 2, isSigned: false, count: 10)
        #expect(op.learned == .nothing(step: 1.0 / 3))
    }

    @Test("a learned step begins at 2 · mean |w| / √high, and its gradient is divided by √(weights · high)")
    func learnedStepSize() throws {
        let rule = LearnedStepSize().weights(bits: 3)
        let weights: [Float] = [-1, -0.35, 0.1, 0.55]
        let step = try #require(rule.initial(for: weights))
        #expect(abs(step - 2 * 0.5 / Float(3).squareRoot()) < 1e-6)
        // In steps of 0.2 from -4 to 3: -5, -1.75, 0.5, 2.75.
        #expect(zip(derived(rule, weights, learned: 0.2), [-0.8, -0.4, 0, 0.6]).allSatisfy { abs($0 - $1) < 1e-6 })
        let (back, learned) = gradients(rule, weights, [1, 10, 100, 1000], learned: 0.2)
        #expect(back == [0, 10, 100, 1000])
        let sum = Float(-4 - 10 * 0.25 - 100 * 0.5 + 1000 * 0.25)
        #expect(abs(learned - sum / Float(12).squareRoot()) < 1e-2)
        #expect(rule.integers(of: weights, learned: 0.2).integers == [-4, -2, 0, 3])
    }

    @Test("every method gives weights that are integers times its scale, of at most 8 bits, whatever the weights are")
    func integers() throws {
        var generator = SeededGenerator(seed: 21)
        for module in Registry<any FakeQuantizer>.builtin.modules {
            for bits in 2...8 {
                let rule = try module.make().weights(bits: bits)
                let drawn = (0..<99).map { _ in Float.random(in: -2...2, using: &generator) }
                for weights in [[Float](repeating: 0, count: 5), [7], drawn] {
                    let learned = rule.initial(for: weights) ?? 0
                    let values = derived(rule, weights, learned: learned)
                    let (integers, scale) = rule.integers(of: weights, learned: learned)
                    #expect(zip(values, integers).allSatisfy { $0 == Float($1) * scale }, "\(module.name) \(bits)")
                    #expect(Set(integers).count <= 1 << bits)
                    #expect(gradients(rule, weights, weights, learned: learned).0.allSatisfy { $0.isFinite })
                }
            }
        }
    }
}
