import Tessera
import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct GruTests {
    @Test("directions, states, lengths, orders of axes and types")
    func conformance() throws {
        var op = Gru()
        op.hidden = 5
        // Kernels approximate the functions, and errors are carried from step to step.
        try checkOperator([OperatorCase(op, [2, 3, 4], tolerance: 5e-6)] + RecurrentFixture.cases(op))
        var unusual = op
        (unusual.linearBeforeReset, unusual.clip) = (false, 0.5)
        try checkOperator([OperatorCase(unusual, [4, 2, 3])])
    }

    @Test(
        "all options, as ONNX Runtime computes them",
        arguments: [
            (
                "{hidden: 2, direction: bidirectional, linear_before_reset: true}", [3, 1], true,
                [
                    [
                        0.3367217, 0.3855392, 0.08900528, -0.1315829, -0.342293, 0.7080999, 0.6554356, -0.433416,
                        0.1308504, 0.3521902, 0.2892741, -0.01528768, 0, 0, 0, 0, -0.05273002, 0.6392183, 0.510534,
                        -0.3202749, 0, 0, 0, 0,
                    ],
                    [-0.05273002, 0.6392183, -0.342293, 0.7080999, 0.08900528, -0.1315829, 0.6554356, -0.433416],
                ]
            ),
            (
                "{hidden: 2, clip: 0.5, linear_before_reset: false}", nil, true,
                [
                    [
                        0.3205013, 0.576225, -0.3612058, 0.4386654, 0.1405486, 0.5317116, -0.1714108, 0.4512555,
                        -0.08698227, 0.4915309, -0.2811643, 0.4580165,
                    ],
                    [-0.08698227, 0.4915309, -0.2811643, 0.4580165],
                ]
            ),
            (
                "{hidden: 2, linear_before_reset: true, clip: 0.5, activations: [sigmoid, scaled_tanh], activation_alpha: [1.5], activation_beta: [0.7]}",
                nil, false,
                [
                    [
                        0.02647614, -0.01021298, -0.1904932, 0.2886082, -0.08632696, 0.143139, -0.08963341, 0.2676566,
                        -0.2442282, 0.3376811, -0.2462864, 0.4151213,
                    ],
                    [-0.2442282, 0.3376811, -0.2462864, 0.4151213],
                ]
            ),
        ] as [(String, [Int64]?, Bool, [[Float]])])
    func options(_ keys: String, _ lengths: [Int64]?, _ withState: Bool, _ expected: [[Float]]) throws {
        let found = try RecurrentFixture("gru", keys).outputs(lengths: lengths, withState: withState)
        expectClose(found, expected)
    }

    @Test("what cannot be is refused")
    func badConfigurations() { RecurrentFixture.expectErrors(Gru()) }
}
