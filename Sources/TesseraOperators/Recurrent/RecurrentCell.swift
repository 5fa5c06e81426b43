import TesseraCore

/// The weights and functions of one direction.
public struct RecurrentCell: Sendable {
    let hidden: Int
    let features: Int
    let weightInput: [Double]
    let weightHidden: [Double]
    let biasInput: [Double]
    let biasHidden: [Double]
    /// Nil if there is none.
    let peephole: [Double]?
    let functions: [RecurrentActivation]
    let clip: Double?

    /// - Throws: `notFound` if a weight is missing.
    init(_ op: some Recurrent, direction: Int, features: Int, _ parameters: [String: Tensor]) throws {
        func values(_ name: String) throws -> [Double] {
            let full = name + (direction == 0 ? "" : "_reverse")
            guard let tensor = parameters[full] else {
                throw TesseraError(.notFound, "'\(op.name)' misses its \(full)")
            }
            return tensor.reals()
        }
        let zeros = [Double](repeating: 0, count: type(of: op).gateCount * op.hidden)
        (hidden, self.features, clip) = (op.hidden, features, op.clip)
        (weightInput, weightHidden) = (try values("weight_ih_l0"), try values("weight_hh_l0"))
        biasInput = op.bias ? try values("bias_ih_l0") : zeros
        biasHidden = op.bias ? try values("bias_hh_l0") : zeros
        peephole = op.peephole ? try values("peephole_l0") : nil
        functions = try op.functions()[direction]
    }

    /// weight_ih · x + bias_ih.
    func project(_ x: ArraySlice<Double>) -> [Double] {
        Self.product(weightInput, 0..<biasInput.count, x, biasInput)
    }

    /// weight_hh · h + bias_hh, for the given gates.
    func recur(_ h: [Double], gates: Range<Int>) -> [Double] {
        Self.product(weightHidden, gates.lowerBound * hidden..<gates.upperBound * hidden, h[...], biasHidden)
    }

    /// A function of a gate's sum, which is clipped before.
    func apply(_ index: Int, _ x: Double) -> Double {
        functions[index](clip.map { min(max(x, -$0), $0) } ?? x)
    }

    private static func product(
        _ matrix: [Double], _ rows: Range<Int>, _ vector: ArraySlice<Double>, _ bias: [Double]
    ) -> [Double] {
        let count = vector.count
        return matrix.withUnsafeBufferPointer { matrix in
            vector.withUnsafeBufferPointer { vector in
                rows.map { row in
                    var sum = bias[row]
                    for column in 0..<count { sum += matrix[row * count + column] * vector[column] }
                    return sum
                }
            }
        }
    }
}

extension Recurrent {
    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let shapes = try outputShapes(for: inputs.map(\.shape))
        let sizes = try sizes(inputs.map(\.shape))
        let given = Dictionary(uniqueKeysWithValues: zip(try roles(count: inputs.count), inputs))
        let lengths = try lengths(given["sequence_lengths"], sizes.steps, sizes.batch)
        let (initialHidden, initialCell) = (given["initial_hidden"]?.reals(), given["initial_cell"]?.reals())
        let x = inputs[0].reals()
        var output = [Double](repeating: 0, count: shapes[0].elementCount)
        var (lastHidden, lastCell): ([Double], [Double]) = ([], [])
        for index in 0..<direction.count {
            let cell = try RecurrentCell(self, direction: index, features: sizes.features, parameters)
            let isBackward = direction == .reverse || index == 1
            for batch in 0..<sizes.batch {
                let own = (index * sizes.batch + batch) * hidden..<(index * sizes.batch + batch + 1) * hidden
                let zeros = [Double](repeating: 0, count: hidden)
                var state = RecurrentState(
                    hidden: initialHidden.map { Array($0[own]) } ?? zeros,
                    cell: initialCell.map { Array($0[own]) } ?? zeros)
                for step in 0..<lengths[batch] {
                    let time = isBackward ? lengths[batch] - 1 - step : step
                    let row = batchFirst ? batch * sizes.steps + time : time * sizes.batch + batch
                    let features = x[row * sizes.features..<(row + 1) * sizes.features]
                    state = self.step(cell.project(features), state, cell)
                    let start = (row * direction.count + index) * hidden
                    output.replaceSubrange(start..<start + hidden, with: state.hidden)
                }
                // As in ONNX Runtime, a sequence without steps has no state.
                lastHidden += lengths[batch] > 0 ? state.hidden : zeros
                lastCell += lengths[batch] > 0 ? state.cell : zeros
            }
        }
        return try zip([output, lastHidden, lastCell], shapes).map {
            try Tensor(reals: $0, shape: $1, elementType: inputs[0].elementType)
        }
    }

    /// How many steps each sequence of the batch has.
    private func lengths(_ tensor: Tensor?, _ steps: Int, _ batch: Int) throws -> [Int] {
        guard let tensor else { return [Int](repeating: steps, count: batch) }
        return try tensor.integers().map { length in
            guard (0...Int64(steps)).contains(length) else {
                throw TesseraError(.invalidArgument, "expected sequence lengths from 0 to \(steps), found \(length)")
            }
            return Int(length)
        }
    }
}
