import Testing
import TesseraCore
import TesseraOperators
import TesseraTestSupport

@Suite struct BatchNormTests {
    @Test func conformance() throws {
        var exact = BatchNorm()
        exact.epsilon = 0
        try checkOperator([
            OperatorCase(BatchNorm(), [1, 64, 17, 13]), OperatorCase(exact, [2, 3, 8, 9]), OperatorCase(exact, [5, 7]),
            OperatorCase(exact, [5]), OperatorCase(exact, [2, 3, 5]), OperatorCase(BatchNorm(), [1, 4, 3, 4, 5]),
            OperatorCase(BatchNorm(), [1, 2, 3, 2, 3, 2, 2]), OperatorCase(exact, [2, 3, 5], types: [.f16]),
            OperatorCase(exact, [2, 3, 5], types: [.f64]),
        ])
    }

    @Test("(x - mean) / sqrt(variance + epsilon) * weight + bias, by hand")
    func byHand() throws {
        var op = BatchNorm()
        op.epsilon = 1
        func vector(_ value: Float) throws -> Tensor { try Tensor([value], shape: [1]) }
        let parameters = [
            "weight": try vector(4), "bias": try vector(1), "running_mean": try vector(3), "running_var": try vector(3),
        ]
        let x = try Tensor([3, 5], shape: [1, 1, 1, 2])
        #expect(try op.forward([x], parameters: parameters)[0].floats() == [1, 5])
    }

    @Test("outputs, running statistics and gradients in training as PyTorch computes them")
    func training() throws {
        func vector(_ values: [Float]) throws -> Tensor { try Tensor(values, shape: [2]) }
        let parameters = [
            "weight": try vector([2, 0.5]), "bias": try vector([0, 1]), "running_mean": try vector([1, 2]),
            "running_var": try vector([3, 4]),
        ]
        let x = try Tensor([1, 2, 3, 5, 0, -1, 2, 2], shape: [2, 2, 2])
        let result = try BatchNorm().trainingForward(x, parameters: parameters)
        func expectClose(_ found: [Double], _ expected: [Double]) {
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-5 }, "\(found), \(expected)")
        }
        expectClose(
            result.output.reals(),
            [0.89442360, 2.68327093, 1, 1.81649387, -0.89442360, -2.68327093, 0.59175307, 0.59175307])
        let running = result.running(mean: [1, 2], variance: [3, 4], momentum: 0.1)
        expectClose(running.mean, [0.95, 2.1])
        expectClose(running.variance, [2.86666656, 3.8])
        let gradient = try Tensor([0, 1, 2, 3, 4, 5, 6, 7], shape: [2, 2, 2])
        let gradients = try BatchNorm().trainingBackward(
            BackwardPass(inputs: [x], parameters: parameters, outputs: [result.output], outputGradients: [gradient]))
        expectClose(
            gradients.inputs[0]?.reals() ?? [],
            [-3.04105186, 1.60992801, -1.02061737, 0.34019941, 1.25220454, 0.17891920, 0.13608550, 0.54433244])
        expectClose(gradients.parameters["weight"]?.reals() ?? [], [-7.15538883, -5.71545696])
        expectClose(gradients.parameters["bias"]?.reals() ?? [], [10, 18])
    }
}
