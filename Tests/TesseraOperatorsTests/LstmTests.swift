import Tessera
import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct LstmTests {
    @Test("directions, states, lengths, orders of axes and types")
    func conformance() throws {
        var op = Lstm()
        op.hidden = 5
        // Kernels approximate the functions, and errors are carried from step to step.
        try checkOperator([OperatorCase(op, [2, 3, 4], tolerance: 5e-6)] + RecurrentFixture.cases(op))
        var unusual = op
        (unusual.peephole, unusual.inputForget, unusual.clip) = (true, true, 0.5)
        try checkOperator([OperatorCase(unusual, [4, 2, 3])])
    }

    @Test(
        "all options, as ONNX Runtime computes them",
        arguments: [
            (
                "{hidden: 2, direction: bidirectional}", [3, 1], true,
                [
                    [
                        0.1119721, 0.01605605, -0.08462277, -0.04699265, 0.001078753, 0.1652478, -0.01758376,
                        -0.01523091, 0.04833441, 0.1438534, 0.1063319, 0.02494639, 0, 0, 0, 0, 0.01425156, 0.1252828,
                        0.3664359, -0.01339498, 0, 0, 0, 0,
                    ],
                    [
                        0.01425156, 0.1252828, 0.001078753, 0.1652478, -0.08462277, -0.04699265, -0.01758376,
                        -0.01523091,
                    ],
                    [0.0429672, 0.2971504, 0.003812879, 0.5995225, -0.1073308, -0.1318434, -0.03128821, -0.1343455],
                ]
            ),
            (
                "{hidden: 2, peephole: true, clip: 0.4}", nil, true,
                [
                    [
                        0.1880908, 0.001041346, -0.01386784, 0.1897371, 0.05347257, 0.09149444, 0.01919102, 0.1986912,
                        -0.02893622, 0.0918542, -0.04944076, 0.1309202,
                    ],
                    [-0.02893622, 0.0918542, -0.04944076, 0.1309202],
                    [-0.07222933, 0.2270799, -0.1238267, 0.3386036],
                ]
            ),
            (
                "{hidden: 2, input_forget: true}", nil, false,
                [
                    [
                        0.01048081, 0.09254549, -0.0763875, 0.1006848, -0.002909485, 0.2029289, -0.009693086, 0.2017441,
                        -0.0735384, 0.1827444, -0.08065782, 0.1813473,
                    ],
                    [-0.0735384, 0.1827444, -0.08065782, 0.1813473],
                    [-0.2355992, 0.4695418, -0.2269951, 0.55862],
                ]
            ),
            (
                "{hidden: 2, direction: reverse, bias: false, activations: [hard_sigmoid, softsign, leaky_relu], activation_alpha: [0.3, 0.2], activation_beta: [0.4]}",
                nil, false,
                [
                    [
                        0.05304434, -0.02251253, -0.002578815, 0.02317497, 0.009395061, -0.001596323, 0.02702685,
                        -0.0106245, -0.01038238, 0.02644342, -0.00948706, 0.03111,
                    ],
                    [0.05304434, -0.02251253, -0.002578815, 0.02317497],
                    [0.1547925, -0.2867761, -0.02026562, 0.08752103],
                ]
            ),
        ] as [(String, [Int64]?, Bool, [[Float]])])
    func options(_ keys: String, _ lengths: [Int64]?, _ withState: Bool, _ expected: [[Float]]) throws {
        let found = try RecurrentFixture("lstm", keys).outputs(lengths: lengths, withState: withState)
        expectClose(found, expected)
    }

    @Test("weights may come as inputs; without biases among them there are none, and the only direction has no suffix")
    func weightsAsInputs() throws {
        var op = Lstm()
        (op.hidden, op.direction) = (2, .reverse)
        op.inputs = ["x", "weight_ih_l0_reverse", "weight_hh_l0_reverse"]
        let inputs = [
            try RecurrentFixture.values(0, [3, 2, 2]), try RecurrentFixture.values(1, [8, 2]),
            try RecurrentFixture.values(2, [8, 2]),
        ]
        let found = try runLayer(op, inputs, known: [1, 2]).map { try $0.floats() }
        expectClose(found, try RecurrentFixture("lstm", "{hidden: 2, direction: reverse, bias: false}").outputs())

        op.inputs = ["x", "weight_ih_l0", "weight_hh_l0", "bias_hh_l0"]
        let biases = inputs + [try RecurrentFixture.values(4, [8])]
        let bound = try boundLayer(op, biases, known: [1, 2, 3])
        let zeros = try Tensor(zeros: [8])
        #expect(bound.parameters[0]["bias_ih_l0"] == zeros)
    }

    @Test("what cannot be is refused")
    func badConfigurations() { RecurrentFixture.expectErrors(Lstm()) }
}
