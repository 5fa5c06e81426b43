import CKernels
import COneDNN
import TesseraCore
import TesseraOperators

/// Rounding as integers would be rounded.
extension TrainingLowering {
    /// Whatever the layout: zeros, with which blocks are filled up, remain zeros and have no gradient.
    func lower(_ op: FakeQuantize) throws {
        guard builder.type == dnnl_f32 else { throw TesseraError(.notSupported, "numbers of fewer than 32 bits") }
        let source = try builder.operand(input)
        let layout = source.layout
        let target = builder.allocate(layout)
        var (values, gradients): ([TrainingOperand], [TrainingOperand]) = ([], [])
        if let name = op.parameter {
            let learned = try entry(name)
            values = [try builder.parameter(learned)]
            gradients = [try builder.parameterGradient(learned)]
        }
        let run = FakeQuantization(
            op: op, count: layout.byteCount / MemoryLayout<Float>.stride, threads: Int32(builder.options.threads))
        builder.add(.call([source, target] + values) { run.forward($0) })
        builder.define(output, as: target)
        takeBack(run, source, learned: values + gradients)
    }

    private func takeBack(_ run: FakeQuantization, _ source: TrainingOperand, learned: [TrainingOperand]) {
        let (builder, input, output, layout) = (builder, input, output, source.layout)
        builder.onTheWayBack(node) {
            guard let gradient = try builder.gradient(output, in: layout) else { return }
            let result = builder.allocate(layout)
            builder.add(.call([source, gradient, result] + learned) { run.backward($0) })
            try builder.addGradient(result, of: input)
        }
    }
}

/// The kernel over memory.
private struct FakeQuantization {
    let op: FakeQuantize
    let count: Int
    let threads: Int32

    /// - Parameter addresses: what is read, where the result goes, and what is learned, if anything.
    func forward(_ addresses: [UnsafeMutableRawPointer]) {
        run(addresses[0], gradient: nil, addresses[1], learned: addresses.dropFirst(2).first)
    }

    /// - Parameter addresses: what was read, the gradient of what was made, where that of what was read goes, what is learned, and
    ///   where its gradient goes.
    func backward(_ addresses: [UnsafeMutableRawPointer]) {
        let sums = run(addresses[0], gradient: addresses[1], addresses[2], learned: addresses.dropFirst(3).first)
        guard addresses.count == 5 else { return }
        let value = addresses[3].assumingMemoryBound(to: Float.self).pointee
        addresses[4].assumingMemoryBound(to: Float.self).pointee = op.gradient(sums, learned: value)
    }

    @discardableResult
    private func run(
        _ numbers: UnsafeMutableRawPointer, gradient: UnsafeMutableRawPointer?, _ result: UnsafeMutableRawPointer,
        learned: UnsafeMutableRawPointer?
    ) -> StepRounding.Sums {
        let range = op.range
        let blocks = (count + Int(CK_SUM_BLOCK) - 1) / Int(CK_SUM_BLOCK)
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * max(1, blocks)) { sums in
            var work = ck_fake_quantization(
                numbers: numbers.assumingMemoryBound(to: Float.self),
                gradient: gradient.map { UnsafePointer($0.assumingMemoryBound(to: Float.self)) },
                result: result.assumingMemoryBound(to: Float.self), count: Int64(count),
                step: op.step(learned?.assumingMemoryBound(to: Float.self).pointee), low: Float(range.lowerBound),
                high: Float(range.upperBound), sums: sums.baseAddress)
            ck_fake_quantize(&work, threads)
            guard gradient != nil else { return StepRounding.Sums() }
            return (0..<blocks).reduce(into: StepRounding.Sums()) { total, block in
                total.inside += sums[2 * block]
                total.outside += sums[2 * block + 1]
            }
        }
    }
}
