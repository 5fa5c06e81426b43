import CTesseraPlugin
import TesseraCore

extension OperatorPlugin {
    /// What a call of `forward` is about: the part that it makes, and the weights in the library's order.
    private struct Work {
        let part: OperatorPart
        let weights: [Tensor]
    }

    func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let work = try work(inputs, parameters)
        let memory = PluginMemory()
        // Copied: a library may rely on the alignment of elements, and must not be able to change a weight.
        let (shownInputs, shownWeights) = (
            try inputs.map { memory.array(try $0.floats(), named: "data of an input") },
            try work.weights.map { memory.array(try $0.floats(), named: "data of a parameter") }
        )
        var result = try Tensor(zeros: work.part.output.shape)
        try withExtendedLifetime(memory) {
            try result.withMutableFloats { floats in
                try memory.filling(floats, named: "data of the output") {
                    try call(work, shownInputs, shownWeights, $0, memory)
                }
            }
        }
        return [result]
    }

    private func work(_ inputs: [Tensor], _ parameters: [String: Tensor]) throws -> Work {
        let part = try self.part ?? wholePart(of: inputs)
        guard inputs.map(\.shape) == part.inputRegions.map(\.shape) else {
            throw TesseraError(
                .shapeMismatch, "expected inputs of \(part.inputRegions.map(\.shape)), found \(inputs.map(\.shape))")
        }
        let weights = try Self.table.parameters.map { parameter in
            guard let tensor = parameters[parameter.name] else {
                throw TesseraError(.notFound, "'\(Self.name)' misses its \(parameter.name)")
            }
            return tensor
        }
        return Work(part: part, weights: weights)
    }

    private func wholePart(of inputs: [Tensor]) throws -> OperatorPart {
        let shapes = inputs.map(\.shape)
        let whole = try outputShapes(for: shapes)[0]
        return OperatorPart(
            output: Region(whole: whole), whole: whole, inputs: shapes, inputRegions: shapes.map(Region.init(whole:)))
    }

    private func call(
        _ work: Work, _ inputs: [UnsafePointer<Float>], _ weights: [UnsafePointer<Float>],
        _ output: UnsafeMutablePointer<Float>?, _ memory: PluginMemory
    ) throws {
        guard let forward = Self.library.functions(tessera_operator.self).forward else { return }
        let part = work.part
        let shownInputs = try inputs.enumerated().map {
            try Self.show($1, part.inputRegions[$0], of: part.inputs[$0])
        }
        let shownWeights = try zip(weights, work.weights).map {
            try Self.show($0, Region(whole: $1.shape), of: $1.shape)
        }
        let shownOutput = memory.one(try Self.show(output, part.output, of: part.whole), named: "output")
        try withExtendedLifetime(options) {
            try Self.library.call("forward") {
                forward(
                    options.handle, memory.pointers(shownInputs, named: "inputs"), UInt32(shownInputs.count),
                    memory.pointers(shownWeights, named: "parameters"), shownOutput, $0)
            }
        }
    }

    private static func show(
        _ elements: UnsafePointer<Float>?, _ region: Region, of shape: Shape
    ) throws -> tessera_array {
        tessera_array(
            size: UInt32(MemoryLayout<tessera_array>.size), data: UnsafeMutablePointer(mutating: elements),
            region: try region.shown(), shape: try shape.shown())
    }
}

extension OperatorPlugin: WatchedOperator {
    package func watchedForward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> OperatorWatch {
        let work = try work(inputs, parameters)
        let memory = PluginMemory()
        let guardedInputs = try inputs.map { GuardedFloats(try $0.floats()) }
        let guardedWeights = try work.weights.map { GuardedFloats(try $0.floats()) }
        let output = GuardedFloats(unwritten: work.part.output.shape.elementCount)
        try withExtendedLifetime((memory, guardedInputs, guardedWeights, output)) {
            try call(
                work, guardedInputs.map { UnsafePointer($0.elements) },
                guardedWeights.map { UnsafePointer($0.elements) },
                output.elements, memory)
        }
        let shown =
            guardedInputs.enumerated().map { ("input \($0 + 1)", $1) }
            + zip(Self.parameterNames, guardedWeights).map { ("'\($0)'", $1) }
        return OperatorWatch(
            changed: shown.lazy.compactMap { name, floats in floats.change.map { "\(name): \($0)" } }.first,
            misplaced: output.fault)
    }
}
