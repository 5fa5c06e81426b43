import Tessera
import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct RnnTests {
    @Test("directions, states, lengths, orders of axes and types")
    func conformance() throws {
        var op = Rnn()
        op.hidden = 5
        // Kernels approximate the functions, and errors are carried from step to step.
        try checkOperator([OperatorCase(op, [2, 3, 4], tolerance: 5e-6)] + RecurrentFixture.cases(op))
        op.activations = [.relu]
        try checkOperator([OperatorCase(op, [4, 2, 3])])
        op.activations = [.softplus]
        try checkOperator([OperatorCase(op, [4, 2, 3])])
    }

    @Test(
        "all options, as ONNX Runtime computes them",
        arguments: [
            (
                "{hidden: 2, direction: bidirectional, activations: [relu, affine], activation_alpha: [0.5], activation_beta: [0.25]}",
                [3, 1], true,
                [
                    [
                        0.84, 0.3399999, 0.1068, 0.03819999, 0, 0, 0.53, 0.9, 0.366, 0, -0.05050004, 0.233, 0, 0, 0, 0,
                        0, 0, 1.055, 0.12, 0, 0, 0, 0,
                    ],
                    [0, 0, 0, 0, 0.1068, 0.03819999, 0.53, 0.9],
                ]
            ),
            (
                "{hidden: 2, activations: [elu]}", nil, false,
                [
                    [
                        0.09999999, 0.1499999, -0.4566491, -0.635781, 0.14, -0.5661255, -0.389996, -0.2577541,
                        -0.6634136, -0.8128487, -0.5705298, -0.5601528,
                    ],
                    [-0.6634136, -0.8128487, -0.5705298, -0.5601528],
                ]
            ),
            (
                "{hidden: 2, activations: [softplus]}", nil, false,
                [
                    [
                        0.7443967, 0.7709571, 0.433956, 0.3105821, 1.103992, 0.3392875, 0.8844745, 0.5249963, 0.5680245,
                        0.1544293, 0.6484168, 0.2882629,
                    ],
                    [0.5680245, 0.1544293, 0.6484168, 0.2882629],
                ]
            ),
            (
                "{hidden: 2, activations: [sigmoid]}", nil, false,
                [
                    [
                        0.5249792, 0.5374298, 0.3520592, 0.2669798, 0.6206815, 0.2913652, 0.5765899, 0.4132055,
                        0.4122093, 0.1664688, 0.4472528, 0.2676312,
                    ],
                    [0.4122093, 0.1664688, 0.4472528, 0.2676312],
                ]
            ),
        ] as [(String, [Int64]?, Bool, [[Float]])])
    func options(_ keys: String, _ lengths: [Int64]?, _ withState: Bool, _ expected: [[Float]]) throws {
        let found = try RecurrentFixture("rnn", keys).outputs(lengths: lengths, withState: withState)
        expectClose(found, expected)
    }

    @Test("one step by hand: tanh of the sum of both products and both biases")
    func byHand() throws {
        let parameters = [
            "weight_ih_l0": try Tensor([2], shape: [1, 1]), "weight_hh_l0": try Tensor([3], shape: [1, 1]),
            "bias_ih_l0": try Tensor([0.25], shape: [1]), "bias_hh_l0": try Tensor([-1], shape: [1]),
        ]
        var op = Rnn()
        op.inputs = ["x", "initial_hidden"]
        op.activations = [.affine]
        let inputs = [try Tensor([1, 10], shape: [2, 1, 1]), try Tensor([0.5], shape: [1, 1, 1])]
        // 2 + 1.5 - 0.75, then 20 + 3 * 2.75 - 0.75.
        #expect(try op.forward(inputs, parameters: parameters)[0].floats() == [2.75, 27.5])
    }

    @Test("what cannot be is refused")
    func badConfigurations() { RecurrentFixture.expectErrors(Rnn()) }
}
