import COneDNN
import TesseraCore
import TesseraRuntime

/// Collects the steps of a program while the layers of a graph are lowered one after the other.
///
/// Every value may exist in several layouts. A lowering asks for an operand in the layout its primitive chose, and a reorder
/// is added only if no copy in that layout is there yet.
final class ProgramBuilder {
    /// A tensor in a buffer of the arena.
    struct Operand {
        var buffer: Int
        var layout: Layout
        /// Where in the buffer it starts, in bytes.
        var offset = 0
    }

    /// What a tensor is like.
    struct ValueType {
        var shape: Shape
        var elementType: ElementType

        var byteCount: Int { shape.elementCount * elementType.byteCount }
    }

    enum Argument {
        case operand(Operand)
        case constant(Memory)
    }

    enum Step {
        /// With a number of threads, if not as many as the program has.
        case execute(Primitive, [(Int32, Argument)], threads: Int?)
        case fill(Operand, Float)
        case input(Int, Operand)
        case output(Operand, Int)
        case reference(any Operator, [String: Tensor], [Operand], [ValueType], [Operand])
    }

    /// What a step is called in a profile.
    struct Label {
        var layer: String
        var kind: StepSpan.Kind
        var implementation: String
    }

    let graph: BoundGraph
    let threads: Int
    /// The layer that steps are added for.
    var layer = ""
    private(set) var labels: [Label] = []
    private(set) var steps: [Step] = []
    private(set) var buffers: [ArenaPlan.Buffer] = []
    private(set) var kernels: [KernelDescription] = []
    /// Weights in the layouts that primitives want; the program keeps them alive.
    private(set) var constants: [Allocation] = []
    private var operands: [Graph.ValueID: [Operand]] = [:]
    /// Reads that are still to come, by buffer: a buffer with one left may be overwritten by its reader.
    private var pendingReads: [Int: Int] = [:]
    private let readCounts: [Int]
    private let stream: Stream

    init(_ graph: BoundGraph, threads: Int) throws {
        self.graph = graph
        self.threads = threads
        stream = try Stream()
        var counts = graph.graph.consumers.map(\.count)
        for output in graph.graph.outputs { counts[output.value] += 1 }
        readCounts = counts
    }

    // MARK: Operands

    /// A new buffer in the given layout.
    func allocate(_ layout: Layout) -> Operand {
        buffers.append(.init(byteCount: layout.byteCount, lifetime: steps.count...steps.count))
        return Operand(buffer: buffers.count - 1, layout: layout)
    }

    /// Says that `value` is now held by `operand`.
    func define(_ value: Graph.ValueID, as operand: Operand) {
        operands[value, default: []].append(operand)
        pendingReads[operand.buffer, default: 0] += readCounts[value]
    }

    /// The value in whatever layout it was made.
    func operand(_ value: Graph.ValueID) throws -> Operand {
        if let operand = operands[value]?.first { return operand }
        // A constant is put into memory when the first layer reads it from there; most have their own copies.
        if let producer = graph.graph.values[value].producer, graph.graph.nodes[producer].op is Constant {
            try reference(graph.graph.nodes[producer], parameters: graph.parameters[producer])
        }
        guard let operand = operands[value]?.first else {
            throw TesseraError(.backendFailure, "'\(graph.graph.values[value].name)' is read before it was made")
        }
        return operand
    }

    /// The value in the given layout, reordered if need be.
    func operand(_ value: Graph.ValueID, in layout: Layout) throws -> Operand {
        let made = try operand(value)
        if let existing = operands[value]?.first(where: { $0.layout == layout }) { return existing }
        let copy = allocate(layout)
        try reorder(from: made, to: copy)
        define(value, as: copy)
        return copy
    }

    /// Whether oneDNN's primitives take a value: f32, not a scalar, not empty.
    func isComputable(_ value: Graph.ValueID) -> Bool {
        let shape = graph.shapes[value]
        return graph.elementTypes[value] == .f32 && (1...6).contains(shape.rank) && shape.elementCount > 0
    }

    /// Whether a value is one f32 without axes.
    func isScalar(_ value: Graph.ValueID) -> Bool {
        graph.elementTypes[value] == .f32 && graph.shapes[value].rank == 0
    }

    /// Dense and row-major.
    func plainLayout(_ value: Graph.ValueID) throws -> Layout {
        isComputable(value)
            ? try .plain(graph.shapes[value].dimensions) : try .raw(byteCount: graph.byteCount(of: value))
    }

    /// The value, dense and row-major.
    func plainOperand(_ value: Graph.ValueID) throws -> Operand { try operand(value, in: plainLayout(value)) }

    /// An operand of the same layout for a result that is made element by element: `input` itself if nobody else reads it.
    func result(over input: Operand) -> Operand {
        pendingReads[input.buffer] == 1 ? input : allocate(input.layout)
    }

    /// Ends the lowering of a node: its inputs have one reader fewer.
    func finish(_ node: Graph.Node) {
        for value in Set(node.inputs) {
            for operand in operands[value] ?? [] { pendingReads[operand.buffer, default: 1] -= 1 }
        }
    }

    /// Whether somebody reads a value.
    func isRead(_ value: Graph.ValueID) -> Bool { readCounts[value] > 0 }

    // MARK: Steps

    func describe(_ node: Graph.Node, _ implementation: String) {
        kernels.append(KernelDescription(layer: node.name, implementation: implementation))
    }

    func execute(
        _ descriptor: PrimitiveDescriptor, _ arguments: [(Int32, Argument)], threads: Int? = nil,
        kind: StepSpan.Kind = .kernel
    ) throws {
        let primitive = threads == 1 ? try onOneThread { try Primitive(descriptor) } : try Primitive(descriptor)
        let operands = arguments.compactMap { argument -> Operand? in
            guard case .operand(let operand) = argument.1 else { return nil }
            return operand
        }
        append(
            .execute(primitive, arguments, threads: threads), kind, descriptor.implementation, touching: operands)
    }

    /// Runs `body` with kernels made for one thread.
    func onOneThread<Result>(_ body: () throws -> Result) rethrows -> Result {
        omp_set_num_threads(1)
        defer { omp_set_num_threads(Int32(threads)) }
        return try body()
    }

    func reorder(from source: Operand, to target: Operand) throws {
        let descriptor = try PrimitiveDescriptor("a reorder of \(Shape(source.layout.dimensions))") {
            onednn_reorder(&$0, $1, source.layout.handle, target.layout.handle)
        }
        try execute(descriptor, [(DNNL_ARG_FROM, .operand(source)), (DNNL_ARG_TO, .operand(target))], kind: .copy)
    }

    func fill(_ operand: Operand, with value: Float) {
        append(.fill(operand, value), .copy, "fill", touching: [operand])
    }

    func input(_ index: Int, value: Graph.ValueID) throws {
        let operand = allocate(try plainLayout(value))
        layer = graph.graph.values[value].name
        append(.input(index, operand), .copy, "input", touching: [operand])
        define(value, as: operand)
    }

    func output(_ index: Int, value: Graph.ValueID) throws {
        layer = graph.graph.outputs[index].name
        let operand = try plainOperand(value)
        append(.output(operand, index), .copy, "output", touching: [operand])
    }

    /// Runs the operator's own forward.
    func reference(_ node: Graph.Node, parameters: [String: Tensor]) throws {
        for output in node.outputs { try ReferenceBackend.requireMemory(for: graph.shapes[output]) }
        let inputs = try node.inputs.map(plainOperand)
        let outputs = try node.outputs.map { allocate(try plainLayout($0)) }
        let types = node.inputs.map { ValueType(shape: graph.shapes[$0], elementType: graph.elementTypes[$0]) }
        append(
            .reference(node.op, parameters, inputs, types, outputs), .kernel, "reference:\(node.op.name)",
            touching: inputs + outputs)
        for (value, operand) in zip(node.outputs, outputs) { define(value, as: operand) }
        describe(node, "reference:\(node.op.name)")
    }

    private func append(_ step: Step, _ kind: StepSpan.Kind, _ implementation: String, touching operands: [Operand]) {
        labels.append(Label(layer: layer, kind: kind, implementation: implementation))
        for operand in operands {
            let first = buffers[operand.buffer].lifetime.lowerBound
            buffers[operand.buffer].lifetime = first...steps.count
        }
        steps.append(step)
    }

    // MARK: Constants

    /// The tensor that a value always is, nil for one that is computed.
    func constantValue(_ value: Graph.ValueID) -> Tensor? {
        guard let producer = graph.graph.values[value].producer, graph.graph.nodes[producer].op is Constant else {
            return nil
        }
        return graph.parameters[producer]["value"]
    }

    /// A weight in the layout that a primitive wants, reordered now, once.
    ///
    /// - Parameter source: how the tensor's own elements are to be read.
    func constant(_ tensor: Tensor, as source: Layout, in target: Layout) throws -> Argument {
        let allocation = try Allocation(byteCount: target.byteCount)
        let memory = try Memory(target, at: allocation.address)
        try tensor.withUnsafeBytes { bytes in
            guard let address = bytes.baseAddress, bytes.count == source.byteCount else {
                throw TesseraError(
                    .backendFailure, "expected a weight of \(source.byteCount) bytes, found \(bytes.count)")
            }
            if source == target {
                allocation.address.copyMemory(from: address, byteCount: bytes.count)
                return
            }
            let descriptor = try PrimitiveDescriptor("a reorder of weights") {
                onednn_reorder(&$0, $1, source.handle, target.handle)
            }
            // The reorder only reads its source.
            let from = try Memory(source, at: UnsafeMutableRawPointer(mutating: address))
            try stream.execute(
                try Primitive(descriptor),
                [
                    dnnl_exec_arg_t(arg: DNNL_ARG_FROM, memory: from.handle),
                    dnnl_exec_arg_t(arg: DNNL_ARG_TO, memory: memory.handle),
                ])
        }
        constants.append(allocation)
        return .constant(memory)
    }
}
