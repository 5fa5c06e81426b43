import Tessera
import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

/// Small recurrent layers whose weights follow a formula, so that another program can be given the same.
struct RecurrentFixture {
    let op: any Recurrent

    init(_ name: String, _ keys: String) throws {
        let configuration = try YAMLReader.parse(keys, file: name)
        op = try #require(Registry<any Operator>.builtin.make(name, configuration) as? any Recurrent)
    }

    /// ((7 i + 5 seed) mod 19 - 9) / 10.
    static func values(_ seed: Int, _ shape: Shape) throws -> Tensor {
        try Tensor((0..<shape.elementCount).map { Float(($0 * 7 + seed * 5) % 19 - 9) / 10 }, shape: shape)
    }

    /// The outputs over [3, 2, 2], with initial states and sequences of 3 and 1 steps if they are asked for.
    func outputs(lengths: [Int64]? = nil, withState: Bool = false) throws -> [[Float]] {
        let x = try Self.values(0, [3, 2, 2])
        var (roles, inputs) = (["x"], [x])
        if let lengths {
            roles.append("sequence_lengths")
            inputs.append(try Tensor(integers: lengths, shape: [2], elementType: .i32))
        }
        if withState {
            for (seed, role) in [(6, "initial_hidden"), (7, "initial_cell")]
            where role == "initial_hidden" || op is Lstm {
                roles.append(role)
                inputs.append(try Self.values(seed, [op.direction.count, 2, op.hidden]))
            }
        }
        var chosen = op
        chosen.inputs = roles
        var parameters: [String: Tensor] = [:]
        let seeds = ["weight_ih_l0": 1, "weight_hh_l0": 2, "bias_ih_l0": 3, "bias_hh_l0": 4, "peephole_l0": 5]
        for specification in try op.parameters(for: [x.shape]) {
            let plain = specification.name.replacing("_reverse", with: "")
            let seed = (seeds[plain] ?? 0) + (plain == specification.name ? 0 : 10)
            parameters[specification.name] = try Self.values(seed, specification.shape)
        }
        return try chosen.forward(inputs, parameters: parameters).map { try $0.floats() }
    }

    /// Cases of one layer in all its shapes, with and without states and lengths.
    static func cases(_ op: some Recurrent) throws -> [OperatorCase] {
        var (reverse, both, lengths, states) = (op, op, op, op)
        reverse.direction = .reverse
        (both.direction, both.batchFirst) = (.bidirectional, true)
        (both.bias, both.hidden) = (false, 9)
        (lengths.inputs, lengths.direction) = (["x", "sequence_lengths"], .bidirectional)
        states.inputs = ["x", "initial_hidden"] + (op is Lstm ? ["initial_cell"] : [])
        states.direction = .bidirectional
        let state: Shape = [2, 3, op.hidden]
        let known = [1: try Tensor(integers: [4, 0, 2], shape: [3], elementType: .i32)]
        return [
            OperatorCase(op, [5, 3, 7]), OperatorCase(reverse, [5, 3, 7]), OperatorCase(both, [2, 5, 6]),
            OperatorCase(lengths, [4, 3, 2], [3], types: [.f32, .i32], constants: known),
            op is Lstm
                ? OperatorCase(states, [4, 3, 2], state, state) : OperatorCase(states, [4, 3, 2], state),
            OperatorCase(op, [1, 1, 1]), OperatorCase(op, [12, 2, 33]), OperatorCase(op, [0, 3, 2]),
            OperatorCase(op, [3, 2, 2], types: [.f64]), OperatorCase(op, [3, 2, 2], types: [.f16]),
        ]
    }

    /// What every recurrent layer refuses.
    static func expectErrors(_ op: some Recurrent) {
        var (empty, odd, states) = (op, op, op)
        empty.hidden = 0
        odd.activations = [.relu, .relu, .relu, .relu]
        states.inputs = ["x", "initial_hidden"]
        expectError(.invalidArgument, "'hidden'") { try empty.validate() }
        expectError(.invalidArgument, "'activations'") { try odd.validate() }
        expectError(.shapeMismatch, "sequence, batch and features") { try op.outputShapes(for: [[3, 2]]) }
        expectError(.shapeMismatch, "'initial_hidden'") { try states.outputShapes(for: [[3, 2, 2], [1, 1, 1]]) }
        expectError(.notSupported) { try op.outputTypes(for: [.f32, .f32]) }
        expectError(.notFound) { try op.forward([Tensor(zeros: [1, 1, 1])], parameters: [:]) }
        for length in [-1, 4] as [Int64] {
            expectError(.invalidArgument, "sequence lengths from 0 to 3") {
                try op.forward(
                    [Tensor(zeros: [3, 1, 1]), Tensor(integers: [length], shape: [1], elementType: .i32)],
                    parameters: [:])
            }
        }
    }
}

func expectClose(
    _ found: [[Float]], _ expected: [[Float]], tolerance: Float = 2e-6,
    sourceLocation: Testing.SourceLocation = #_sourceLocation
) {
    #expect(found.map(\.count) == expected.map(\.count), sourceLocation: sourceLocation)
    for (a, b) in zip(found.joined(), expected.joined()) {
        #expect(abs(a - b) <= tolerance, "\(found)", sourceLocation: sourceLocation)
    }
}
