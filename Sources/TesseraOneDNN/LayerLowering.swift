import COneDNN
import TesseraCore
import TesseraOperators

/// Lowers one layer. Every method first chooses its primitive, which may throw `notSupported`, and only then adds steps.
struct LayerLowering {
    let node: Graph.Node
    let parameters: [String: Tensor]
    let builder: ProgramBuilder

    var input: Graph.ValueID { node.inputs[0] }
    var output: Graph.ValueID { node.outputs[0] }

    func shape(_ value: Graph.ValueID) -> [Int] { builder.graph.shapes[value].dimensions }

    func parameter(_ name: String) throws -> Tensor {
        guard let tensor = parameters[name] else {
            throw TesseraError(.notFound, "'\(node.op.name)' misses its \(name)")
        }
        return tensor
    }

    /// A parameter of one axis, as a constant.
    func vector(_ name: String) throws -> ProgramBuilder.Argument {
        let tensor = try parameter(name)
        let layout = try Layout.plain(tensor.shape.dimensions)
        return try builder.constant(tensor, as: layout, in: layout)
    }

    /// Records the result and the implementation that makes it.
    func finish(_ result: ProgramBuilder.Operand, _ descriptor: PrimitiveDescriptor) throws {
        try builder.define(output, as: result)
        builder.describe(descriptor.implementation)
    }
}
