import COneDNN
import TesseraCore
import TesseraOperators
import TesseraRuntime

/// How one layer is trained: its run, and how gradients come back through it.
struct TrainingLowering {
    let builder: TrainingBuilder
    let id: Graph.NodeID
    let node: Graph.Node

    init(_ builder: TrainingBuilder, _ id: Graph.NodeID, _ node: Graph.Node) {
        (self.builder, self.id, self.node) = (builder, id, node)
    }

    var input: Graph.ValueID { node.inputs[0] }
    var output: Graph.ValueID { node.outputs[0] }
    func shape(_ value: Graph.ValueID) -> [Int] { builder.shape(value) }

    /// What oneDNN does not have, or not for these sizes, is left to the operator's own loops.
    func lower() throws {
        do {
            try lowerToKernels()
        } catch let error as TesseraError where error.code == .notSupported {
            try lowerToReference()
        }
    }

    private func lowerToKernels() throws {
        // oneDNN has no tensors without elements.
        guard (node.inputs + node.outputs).allSatisfy({ Shape(shape($0)).elementCount > 0 }) else {
            throw TesseraError(.notSupported, "tensors without elements")
        }
        switch node.op {
        case let op as Conv: try lower(op)
        case let op as Linear: try lower(op)
        case let op as BatchNorm: try lower(op)
        case let op as any Pooling: try lower(op)
        case is GlobalAveragePool: try lowerGlobal(dnnl_pooling_avg_exclude_padding)
        case is GlobalMaxPool: try lowerGlobal(dnnl_pooling_max)
        case is Relu: try lowerRelu(slope: 0)
        case let op as LeakyRelu where op.slope >= 0: try lowerRelu(slope: op.slope)
        case is Add: try lowerAdd()
        case is Subtract: try lowerSubtract()
        case is Flatten, is Reshape, is Squeeze, is Unsqueeze: try lowerReshape()
        case let op as Slice: try lower(op)
        case let op as Pad: try lower(op)
        case let op as Concat: try lower(op)
        case let op as FakeQuantize: try lower(op)
        default:
            guard let functions = ElementFunction.functions(of: node.op), functions.count == 1 else {
                throw TesseraError(.notSupported, "'\(node.op.name)'")
            }
            try lower(functions[0])
        }
    }

    /// A weight of this layer.
    ///
    /// - Throws: `notFound` if there is none of that name.
    func entry(_ name: String) throws -> ParameterSet.Entry {
        guard let entry = builder.parameters.entry("\(node.name).\(name)") else {
            throw TesseraError(.notFound, "expected a weight '\(name)', found none")
        }
        return entry
    }

    /// The layer after this one if it is a rectified linear unit, the only one to read what this one makes: it runs within this
    /// layer's kernel then.
    func following() -> Graph.NodeID? {
        guard !builder.isRounded, let next = builder.soleReaders[output], builder.graph.graph.nodes[next].op is Relu
        else {
            return nil
        }
        return next
    }

    /// The value that this layer makes together with `next`.
    func result(with next: Graph.NodeID?) -> (node: Graph.Node, value: Graph.ValueID) {
        guard let next else { return (node, output) }
        builder.merged.insert(next)
        let last = builder.graph.graph.nodes[next]
        return (last, last.outputs[0])
    }
}

/// Layers without a kernel.
extension TrainingLowering {
    /// Runs the operator's own loops on copies of its inputs.
    func lowerToReference() throws {
        let (node, builder, constants) = (node, builder, builder.graph.parameters[id])
        let isTrained = node.outputs.contains { builder.isTrained[$0] }
        if isTrained { _ = try node.op.differentiable() }
        let (graph, entries) = (builder.graph, builder.parameters.entries(of: node.name))
        func types(_ values: [Graph.ValueID]) throws -> [(Shape, ElementType)] {
            try values.map { value in
                guard graph.elementTypes[value] == .f32 else {
                    throw TesseraError(
                        .notSupported, "training computes in f32, and not in \(graph.elementTypes[value])")
                }
                return (graph.shapes[value], .f32)
            }
        }
        let (inputTypes, outputTypes) = (try types(node.inputs), try types(node.outputs))
        let parameters = builder.parameters
        @Sendable func weights() throws -> [String: Tensor] {
            var result = constants
            for entry in entries { result[entry.parameter] = try parameters.tensor(entry) }
            return result
        }
        let inputs = try node.inputs.map(builder.plainOperand)
        let outputs = try node.outputs.map { builder.allocate(try .plain(shape($0))) }
        let run = ReferenceRun(op: node.op, inputs: inputTypes.map(\.0), outputs: outputTypes.map(\.0))
        builder.add(.call(inputs + outputs) { try run.forward($0, weights()) })
        for (value, operand) in zip(node.outputs, outputs) { builder.define(value, as: operand) }
        builder.onTheWayBack(node) {
            let given = try node.outputs.map { try builder.gradient($0, in: .plain(builder.shape($0))) }
            var present: [TrainingOperand] = []
            for (gradient, value) in zip(given, node.outputs) {
                if let gradient {
                    present.append(gradient)
                } else {
                    let zeros = builder.allocate(try .plain(builder.shape(value)))
                    builder.add(.clear(zeros))
                    present.append(zeros)
                }
            }
            let results = try node.inputs.map { builder.allocate(try .plain(builder.shape($0))) }
            builder.add(
                .call(inputs + outputs + present + results) { addresses in
                    let gradients = try run.backward(addresses, weights())
                    for entry in entries where entry.isTrainable {
                        if let gradient = gradients[entry.parameter] { try parameters.setGradient(entry, gradient) }
                    }
                })
            for (value, gradient) in zip(node.inputs, results) { try builder.addGradient(gradient, of: value) }
        }
    }
}

/// An operator's own loops over memory: inputs, outputs, gradients of outputs, gradients of inputs, one after the other.
private struct ReferenceRun {
    let op: any Operator
    let inputs: [Shape]
    let outputs: [Shape]

    func forward(_ addresses: [UnsafeMutableRawPointer], _ weights: [String: Tensor]) throws {
        let tensors = try zip(inputs, addresses).map { try Self.tensor($1, $0) }
        for (tensor, address) in zip(try op.forward(tensors, parameters: weights), addresses.dropFirst(inputs.count)) {
            Self.write(tensor, to: address)
        }
    }

    func backward(_ addresses: [UnsafeMutableRawPointer], _ weights: [String: Tensor]) throws -> [String: Tensor] {
        var rest = addresses[...]
        func take(_ shapes: [Shape]) throws -> [Tensor] {
            defer { rest = rest.dropFirst(shapes.count) }
            return try zip(shapes, rest).map { try Self.tensor($1, $0) }
        }
        let pass = BackwardPass(
            inputs: try take(inputs), parameters: weights, outputs: try take(outputs),
            outputGradients: try take(outputs))
        let gradients = try (op as? BatchNorm)?.trainingBackward(pass) ?? op.gradients(pass)
        for (gradient, address) in zip(gradients.inputs, rest) {
            if let gradient { Self.write(gradient, to: address) }
        }
        return gradients.parameters
    }

    private static func tensor(_ address: UnsafeMutableRawPointer, _ shape: Shape) throws -> Tensor {
        var tensor = try Tensor(zeros: shape)
        tensor.withUnsafeMutableBytes {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: $0.count))
        }
        return tensor
    }

    private static func write(_ tensor: Tensor, to address: UnsafeMutableRawPointer) {
        tensor.withUnsafeBytes { bytes in
            if let source = bytes.baseAddress { address.copyMemory(from: source, byteCount: bytes.count) }
        }
    }
}
