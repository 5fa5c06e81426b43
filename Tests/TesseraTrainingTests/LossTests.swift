import Tessera
import TesseraTestSupport
import Testing

@Suite struct LossTests {
    private func evaluate(_ loss: any Loss, _ y: [Float], _ shape: Shape, _ target: TrainingTarget) throws -> (
        Double, [Float]
    ) {
        var gradient = try Tensor(zeros: shape)
        let value = try loss.evaluate(Tensor(y, shape: shape), target, gradient: &gradient)
        return (value, try gradient.floats())
    }

    private func expectClose(_ a: [Float], _ b: [Float]) {
        #expect(a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-6 }, "\(a) and \(b)")
    }

    @Test("mean squared and absolute errors by hand")
    func elementwise() throws {
        let target = TrainingTarget.tensor(try Tensor([1, 2, 3, 4], shape: [2, 2]))
        let squared = try evaluate(MeanSquaredError(), [1, 4, 2, 4], [2, 2], target)
        #expect(squared.0 == 1.25)
        expectClose(squared.1, [0, 1, -0.5, 0])
        let absolute = try evaluate(MeanAbsoluteError(), [1, 4, 2, 4], [2, 2], target)
        #expect(absolute.0 == 0.75)
        expectClose(absolute.1, [0, 0.25, -0.25, 0])
    }

    @Test("outputs and targets that do not fit are refused")
    func bad() throws {
        #expect(throws: TesseraError.self) { try evaluate(CrossEntropy(), [1, 2], [1, 2], .classes([2])) }
        #expect(throws: TesseraError.self) { try evaluate(CrossEntropy(), [1, 2], [1, 2], .classes([0, 1])) }
        #expect(throws: TesseraError.self) { try evaluate(MeanSquaredError(), [1, 2], [1, 2], .classes([0])) }
        let other = TrainingTarget.tensor(try Tensor([1, 2, 3], shape: [1, 3]))
        #expect(throws: TesseraError.self) { try evaluate(MeanSquaredError(), [1, 2], [1, 2], other) }
    }

    @Test("large outputs overflow nothing")
    func large() throws {
        let (value, gradient) = try evaluate(CrossEntropy(), [1000, -1000], [1, 2], .classes([1]))
        #expect(value == 2000)
        expectClose(gradient, [1, -1])
    }

    @Test("cross-entropy with label smoothing and distillation as PyTorch computes them")
    func asPyTorch() throws {
        let y: [Float] = [1, 2, -1, 0.5, 0, 3]
        let (value, gradient) = try evaluate(CrossEntropy(labelSmoothing: 0.1), y, [2, 3], .classes([1, 2]))
        #expect(abs(value - 0.39477590) < 1e-6)
        expectClose(gradient, [0.11308157, -0.11397439, 0.00089285, 0.01959405, 0.00532657, -0.02492061])
        var divergence = try Tensor(zeros: [2, 3])
        let distance = try DistillationLoss(temperature: 4).evaluate(
            Tensor(y, shape: [2, 3]), teacher: Tensor([0, 3, 1, -1, 2, 2], shape: [2, 3]), gradient: &divergence)
        #expect(abs(distance - 0.88151443) < 1e-5)
        expectClose(
            try divergence.floats(), [0.23746893, -0.07362056, -0.16384825, 0.15111077, -0.33836973, 0.18725896])
    }
}

@Suite struct ScheduleTests {
    @Test("cosine, steps and warm-up by hand")
    func factors() {
        let cosine = Schedule(.cosine(end: 0.1), warmUp: 2)
        #expect(cosine.factor(step: 0, of: 12) == 0.5 && cosine.factor(step: 1, of: 12) == 1)
        #expect(cosine.factor(step: 2, of: 12) == 1)
        #expect(abs(cosine.factor(step: 7, of: 12) - 0.55) < 1e-12)
        #expect(abs(cosine.factor(step: 12, of: 12) - 0.1) < 1e-12)
        let steps = Schedule(.step(at: [0.5, 0.75], factor: 0.1))
        let expected = [(49, 1.0), (50, 0.1), (74, 0.1), (75, 0.01)]
        #expect(expected.allSatisfy { abs(steps.factor(step: $0.0, of: 100) - $0.1) < 1e-12 })
        #expect(Schedule().factor(step: 5, of: 10) == 1)
    }
}
