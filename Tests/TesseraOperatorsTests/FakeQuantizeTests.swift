import Tessera
import TesseraTestSupport
import Testing

@Suite struct FakeQuantizeTests {
    private func run(_ op: FakeQuantize, _ numbers: [Float], learned: Float? = nil) throws -> [Float] {
        let parameters = try op.parameter.map { [$0: try Tensor([learned ?? 1], shape: [1])] } ?? [:]
        return try op.forward([Tensor(numbers, shape: [numbers.count])], parameters: parameters)[0].floats()
    }

    private func gradients(
        _ op: FakeQuantize, _ numbers: [Float], _ gradient: [Float], learned: Float
    ) throws -> (input: [Float], learned: Float?) {
        let pass = BackwardPass(
            inputs: [try Tensor(numbers, shape: [numbers.count])],
            parameters: try op.parameter.map { [$0: try Tensor([learned], shape: [1])] } ?? [:],
            outputs: [try Tensor(numbers, shape: [numbers.count])],
            outputGradients: [try Tensor(gradient, shape: [gradient.count])])
        let result = try op.backward(pass)
        return (try #require(result.inputs[0]).floats(), try result.parameters.values.first?.floats()[0])
    }

    @Test("numbers become the nearest multiple of the step, half to even, and no more than the range has")
    func byHand() throws {
        // Two bits, a step of 0.5: 0, 0.5, 1 and 1.5; or from -1 to 0.5.
        let numbers: [Float] = [-3, -0.3, 0.24, 0.25, 0.26, 0.75, 1.2, 9]
        let unsigned = FakeQuantize(bits: 2, isSigned: false, learned: .step(gradientScale: 1))
        #expect(try run(unsigned, numbers, learned: 0.5) == [0, 0, 0, 0, 0.5, 1, 1, 1.5])
        let signed = FakeQuantize(bits: 2, isSigned: true, learned: .nothing(step: 0.5))
        #expect(try run(signed, numbers) == [-1, -0.5, 0, 0, 0.5, 0.5, 0.5, 0.5])
        // The largest number is 1.5, three steps.
        let limited = FakeQuantize(bits: 2, isSigned: false, learned: .limit(decay: 0))
        #expect(try run(limited, numbers, learned: 1.5) == [0, 0, 0, 0, 0.5, 1, 1, 1.5])
    }

    @Test("the integers that it rounds to are those of the quantization that it stands for", arguments: [2, 3, 4, 8])
    func integers(bits: Int) throws {
        var generator = SeededGenerator(seed: UInt64(bits))
        for isSigned in [false, true] {
            let op = FakeQuantize(bits: bits, isSigned: isSigned, learned: .step(gradientScale: 1))
            let step = Float.random(in: 0.01...0.2, using: &generator)
            let scale = op.quantization(step: step)
            let numbers = (0..<500).map { _ in Float.random(in: -9...9, using: &generator) }
            #expect(try run(op, numbers, learned: step) == numbers.map(scale.rounded))
            #expect(scale.range.count == 1 << bits && scale.type == .u8)
        }
    }

    @Test(
        "within the range gradients pass, beyond it they do not; a step and a limit learn from what was rounded and cut"
    )
    func gradientsByHand() throws {
        // In steps of 0.5: -0.4 is below the range, 0.6 is rounded to 1, 1.4 to 1, and 8 is above.
        let numbers: [Float] = [-0.2, 0.3, 0.7, 4]
        let gradient: [Float] = [1, 10, 100, 1000]
        let step = FakeQuantize(bits: 2, isSigned: false, learned: .step(gradientScale: 0.25))
        let found = try gradients(step, numbers, gradient, learned: 0.5)
        #expect(found.input == [0, 10, 100, 0])
        // 10 · (1 - 0.6) + 100 · (1 - 1.4) + 1000 · 3, a quarter of it.
        let learned = try #require(found.learned)
        #expect(abs(learned - 741) < 1e-3)
        let limit = FakeQuantize(bits: 2, isSigned: false, learned: .limit(decay: 0.1))
        let other = try gradients(limit, numbers, gradient, learned: 1.5)
        #expect(other.input == [0, 10, 100, 0])
        let decayed = try #require(other.learned)
        #expect(abs(decayed - 1000.15) < 1e-3)
        let nothing = FakeQuantize(bits: 2, isSigned: true, learned: .nothing(step: 0.5))
        let fixed = try gradients(nothing, numbers, gradient, learned: 0)
        #expect(fixed.input == [1, 10, 0, 0] && fixed.learned == nil)
    }
}
