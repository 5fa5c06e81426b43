import COneDNN
import TesseraCore
import TesseraOperators
import TesseraRuntime

/// Lowers a graph to the steps of training: first those that run it, then, in reverse order, those that take gradients back.
///
/// A value lies in the layout that the layer that makes it likes, and its gradient in the same; reorders are added only where
/// a layer wants another one. No step writes to what another one made, so gradients that several layers share need no copies.
final class TrainingBuilder {
    let graph: BoundGraph
    let options: TrainingOptions
    let parameters: ParameterSet
    let isTrained: [Bool]
    /// Of activations.
    let type: dnnl_data_type_t
    /// Whether what layers make is rounded to bf16 because there are no kernels that compute in it.
    let isRounded: Bool

    private(set) var buffers: [Int] = []
    private(set) var steps: [TrainingStep] = []
    /// By value: where it lies, in all layouts that were asked for; the first is that of the layer that makes it.
    private var operands: [[(operand: TrainingOperand, phases: TrainingPhases)]]
    private var gradients: [TrainingOperand?]
    /// What takes gradients back through the layers, in the order of the layers.
    private var tape: [(Graph.Node, () throws -> Void)] = []
    private(set) var inputs: [TrainingOperand] = []
    private(set) var outputs: [TrainingOperand] = []
    private(set) var outputGradients: [TrainingOperand] = []
    /// Layers that run within the one before them.
    var merged: Set<Graph.NodeID> = []
    let soleReaders: [Graph.NodeID?]
    private var layer = ""
    private var phases: TrainingPhases = .forward

    init(_ graph: BoundGraph, options: TrainingOptions, parameters: ParameterSet) throws {
        (self.graph, self.options, self.parameters) = (graph, options, parameters)
        isTrained = graph.isTrained
        type = options.precision == .bf16 && Engine.hasBF16 ? dnnl_bf16 : dnnl_f32
        isRounded = options.precision == .bf16 && !Engine.hasBF16
        operands = graph.graph.values.map { _ in [] }
        gradients = graph.graph.values.map { _ in nil }
        soleReaders = graph.graph.soleReaders
        guard options.precision != .f16 else {
            throw TesseraError(.notSupported, "expected a precision of f32 or bf16 to train in, found f16")
        }
        try build()
    }

    private func build() throws {
        for input in graph.graph.inputs {
            guard input.elementType == .f32 else {
                throw TesseraError(
                    .notSupported, "expected inputs of f32 to train, found '\(input.name)' of \(input.elementType)")
            }
            let operand = allocate(try .plain(shape(input.value)))
            inputs.append(operand)
            operands[input.value] = [(operand, .forward)]
        }
        let isNeeded = graph.isNeeded(except: options.auxiliaryOutputs)
        for (id, node) in graph.graph.nodes.enumerated() where !merged.contains(id) {
            layer = node.name
            phases = isNeeded[id] ? .forward : .training
            try locatingErrors(path: node.name, at: node.location) {
                try TrainingLowering(self, id, node).lower()
            }
        }
        for (index, output) in graph.graph.outputs.enumerated() {
            layer = output.name
            phases = options.auxiliaryOutputs.contains(index) ? .training : .forward
            outputs.append(try operand(output.value, in: .plain(shape(output.value))))
        }
        phases = .backward
        for output in graph.graph.outputs {
            let gradient = allocate(try .plain(shape(output.value)))
            outputGradients.append(gradient)
            try addGradient(gradient, of: output.value)
        }
        for (node, takeBack) in tape.reversed() where node.outputs.contains(where: { gradients[$0] != nil }) {
            layer = node.name
            try locatingErrors(path: node.name, at: node.location) { try takeBack() }
        }
        // They refer to this builder.
        tape = []
    }

    func shape(_ value: Graph.ValueID) -> [Int] { graph.shapes[value].dimensions }

    // MARK: Memory

    /// New memory for elements in a layout.
    func allocate(_ layout: Layout) -> TrainingOperand {
        buffers.append(layout.byteCount)
        return TrainingOperand(place: .buffer(buffers.count - 1), layout: layout)
    }

    /// A weight, a bias or a statistic of a layer, as f32.
    func parameter(_ entry: ParameterSet.Entry, as dimensions: [Int]? = nil) throws -> TrainingOperand {
        try fixed(parameters.values, entry, dimensions)
    }

    /// Where the gradient of a weight goes.
    func parameterGradient(_ entry: ParameterSet.Entry, as dimensions: [Int]? = nil) throws -> TrainingOperand {
        try fixed(parameters.gradients, entry, dimensions)
    }

    private func fixed(
        _ memory: UnsafeMutableBufferPointer<Float>, _ entry: ParameterSet.Entry, _ dimensions: [Int]?
    ) throws -> TrainingOperand {
        guard let base = memory.baseAddress else { throw TesseraError(.notFound, "expected weights, found none") }
        return TrainingOperand(
            place: .fixed(UnsafeMutableRawPointer(base + entry.range.lowerBound)),
            layout: try .plain(dimensions ?? entry.shape.dimensions))
    }

    // MARK: Values and gradients

    /// Where a value lies, as the layer that made it left it.
    func operand(_ value: Graph.ValueID) throws -> TrainingOperand {
        guard let operand = operands[value].first?.operand else {
            throw TesseraError(.notFound, "expected '\(graph.graph.values[value].name)' to be made before it is read")
        }
        return operand
    }

    /// The value in a layout, reordered to it if it is not there yet.
    func operand(_ value: Graph.ValueID, in layout: Layout) throws -> TrainingOperand {
        // A copy that is made in training alone is stale elsewhere.
        if let present = operands[value].first(where: {
            $0.operand.layout == layout && ($0.phases.isSuperset(of: phases) || phases == .backward)
        }) {
            return present.operand
        }
        let result = try reordered(operand(value), to: layout)
        operands[value].append((result, phases))
        return result
    }

    /// The value in row-major order, as f32.
    func plainOperand(_ value: Graph.ValueID) throws -> TrainingOperand {
        try operand(value, in: .plain(shape(value)))
    }

    /// Says where a value lies.
    func define(_ value: Graph.ValueID, as operand: TrainingOperand, rounding: Bool = true) {
        operands[value] = [(operand, phases)]
        if isRounded && rounding { add(.round(operand)) }
    }

    /// Keeps what takes gradients back through a layer, unless no weight stands before it.
    func onTheWayBack(_ node: Graph.Node, _ body: @escaping () throws -> Void) {
        guard node.outputs.contains(where: { isTrained[$0] }) else { return }
        tape.append((node, body))
    }

    /// The gradient of a value in a layout; nil if nothing that was made of it has one.
    func gradient(_ value: Graph.ValueID, in layout: Layout) throws -> TrainingOperand? {
        guard let gradient = gradients[value] else { return nil }
        return gradient.layout == layout ? gradient : try reordered(gradient, to: layout)
    }

    /// The gradient of a value as it lies.
    func gradient(_ value: Graph.ValueID) -> TrainingOperand? { gradients[value] }

    /// Adds what comes back from one of a value's readers.
    func addGradient(_ operand: TrainingOperand, of value: Graph.ValueID) throws {
        guard isTrained[value] else { return }
        guard let present = gradients[value] else {
            gradients[value] = operand
            return
        }
        let other = try reordered(operand, to: present.layout)
        let sum = allocate(present.layout)
        let descriptor = try PrimitiveDescriptor("a sum of gradients") {
            onednn_binary_training(
                &$0, $1, dnnl_binary_add, present.layout.handle, other.layout.handle, sum.layout.handle, 0)
        }
        try execute(
            descriptor, [(DNNL_ARG_SRC_0, present), (DNNL_ARG_SRC_1, other), (DNNL_ARG_DST, sum)])
        gradients[value] = sum
    }

    // MARK: Steps

    /// The elements in a layout, copied if they lie in another one.
    func reordered(_ source: TrainingOperand, to layout: Layout) throws -> TrainingOperand {
        guard source.layout != layout else { return source }
        let target = allocate(layout)
        try reorder(from: source, to: target)
        return target
    }

    /// A layer's weights in a layout, rounded if layers compute in bf16.
    func weights(_ plain: TrainingOperand, in layout: Layout) throws -> TrainingOperand {
        guard isRounded else { return try reordered(plain, to: layout) }
        let target = allocate(layout)
        try reorder(from: plain, to: target)
        add(.round(target))
        return target
    }

    func reorder(from source: TrainingOperand, to target: TrainingOperand) throws {
        let descriptor = try PrimitiveDescriptor("a reorder") {
            onednn_reorder(&$0, $1, source.layout.handle, target.layout.handle)
        }
        try execute(descriptor, [(DNNL_ARG_FROM, source), (DNNL_ARG_TO, target)])
    }

    /// Adds a primitive, with temporary memory if it wants some.
    func execute(
        _ descriptor: PrimitiveDescriptor, _ arguments: [(Int32, TrainingOperand)], phases: TrainingPhases? = nil
    ) throws {
        var arguments = arguments
        let scratch = try Layout.of(descriptor, dnnl_query_scratchpad_md, [])
        if scratch.byteCount > 0 { arguments.append((DNNL_ARG_SCRATCHPAD, allocate(scratch))) }
        add(.execute(try Primitive(descriptor), arguments), phases: phases)
    }

    func add(_ action: TrainingStep.Action, phases: TrainingPhases? = nil) {
        let phases = phases?.intersection(self.phases) ?? self.phases
        if !phases.isEmpty { steps.append(TrainingStep(action: action, phases: phases, layer: layer)) }
    }

    /// What an operator keeps for its way back; nil if nothing.
    func workspace(of descriptor: PrimitiveDescriptor) throws -> TrainingOperand? {
        guard let layout = try? Layout.of(descriptor, dnnl_query_workspace_md, []), layout.byteCount > 0 else {
            return nil
        }
        return allocate(layout)
    }
}
