import CTesseraPlugin
import TesseraCore

extension OperatorPlugin {
    func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        guard let forward = Self.library.functions(tessera_operator.self).forward else { return [] }
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
        var result = try Tensor(zeros: part.output.shape)
        let memory = PluginMemory()
        let shownInputs = try inputs.enumerated().map {
            try Self.show($1, part.inputRegions[$0], of: part.inputs[$0], memory)
        }
        let shownWeights = try weights.map { try Self.show($0, Region(whole: $0.shape), of: $0.shape, memory) }
        try withExtendedLifetime((memory, options)) {
            try result.withMutableFloats { floats in
                var output = tessera_array(
                    data: floats.baseAddress, region: try part.output.shown(), shape: try part.whole.shown())
                try Self.library.call("forward") {
                    forward(
                        options.handle, memory.array(shownInputs), UInt32(shownInputs.count),
                        memory.array(shownWeights), &output, $0)
                }
            }
        }
        return [result]
    }

    private func wholePart(of inputs: [Tensor]) throws -> OperatorPart {
        let shapes = inputs.map(\.shape)
        let whole = try outputShapes(for: shapes)[0]
        return OperatorPart(
            output: Region(whole: whole), whole: whole, inputs: shapes, inputRegions: shapes.map(Region.init(whole:)))
    }

    /// The elements are copied: a library may rely on their alignment, and must not be able to change a weight.
    private static func show(
        _ tensor: Tensor, _ region: Region, of shape: Shape, _ memory: PluginMemory
    ) throws -> tessera_array {
        tessera_array(
            data: UnsafeMutablePointer(mutating: memory.array(try tensor.floats())), region: try region.shown(),
            shape: try shape.shown())
    }
}
