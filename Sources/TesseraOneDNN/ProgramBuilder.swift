import CKernels
import COneDNN
import TesseraCore
import TesseraOperators
import TesseraRuntime

/// Collects the steps of a program while the layers of a graph are lowered one after the other.
///
/// Every value may exist in several layouts and types of number. A lowering asks for an operand in the layout its primitive
/// chose, and a reorder is added only if no copy in that layout is there yet. Between layers a value is held in the precision
/// of the layer that makes it; a layer of another precision reads it rounded to its own.
final class ProgramBuilder {
    /// A tensor in a buffer of the arena.
    struct Operand {
        var buffer: Int
        var layout: Layout
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
        /// To the numbers of a precision, in place.
        case round(Operand, Precision)
        /// Bytes of numbers that lie in the same order, or, backwards, numbers of bytes.
        case quantize(Operand, Operand, QuantizationScale, isBackwards: Bool)
        /// Signed bytes as unsigned ones that are 128 larger, or the other way round.
        case shiftBytes(Operand, Operand)
        /// A convolution by a kernel of our own, with the operand that is added, if there is one.
        case convolve(OwnWork, Operand, residual: Operand?, Operand, scratch: Operand)
        case input(Int, Operand)
        case output(Operand, Int)
        /// With the precision of what it reads and makes.
        case reference(any Operator, [String: Tensor], [Operand], [ValueType], [Operand], Precision)
    }

    /// What a step is called in a profile.
    struct Label {
        var layer: String
        var kind: StepSpan.Kind
        var implementation: String
    }

    /// What one layer, or several that run as one, may use while they are lowered.
    struct Context {
        var layer = ""
        var precision = Precision.f32
        /// Whether its primitives compute in bfloat16 themselves; if not, they compute in f32 with rounded numbers.
        var isNative = false
        /// Whether what it makes has the precision of what it reads, so that there is nothing to round.
        var isExact = false
        /// Layers that run within it.
        var merged: [String] = []

        /// The type of number that primitives read and write.
        var type: dnnl_data_type_t { isNative && precision == .bf16 ? dnnl_bf16 : dnnl_f32 }
    }

    let graph: BoundGraph
    let options: CompileOptions
    var threads: Int { options.threads }
    var context = Context()
    private(set) var labels: [Label] = []
    private(set) var steps: [Step] = []
    private(set) var buffers: [ArenaPlan.Buffer] = []
    private(set) var kernels: [KernelDescription] = []
    /// Weights in the layouts that primitives want; the program keeps them alive.
    private(set) var constants: [Allocation] = []
    /// By value: what holds it, rounded to which precision.
    private var operands: [[(precision: Precision, operand: Operand)]]
    /// By value: the precision that it is held in between layers.
    private let stored: [Precision]
    /// Reads that are still to come, by buffer: a buffer with one left may be overwritten by its reader.
    private var pendingReads: [Int: Int] = [:]
    /// Reads that are still to come, by value.
    private var remainingReads: [Int]
    private let readCounts: [Int]
    private let soleReaders: [Graph.NodeID?]
    /// Layers that run within another.
    private(set) var merged: Set<String> = []
    private let stream: Stream
    private let pages: SharedPages

    init(_ graph: BoundGraph, options: CompileOptions) throws {
        self.graph = graph
        self.options = options
        stream = try Stream()
        pages = options.activations?.companion { SharedPages() } ?? SharedPages()
        soleReaders = graph.graph.soleReaders
        var counts = graph.graph.consumers.map(\.count)
        for output in graph.graph.outputs { counts[output.value] += 1 }
        (readCounts, remainingReads) = (counts, counts)
        operands = counts.map { _ in [] }
        stored = graph.graph.values.indices.map { value in
            guard let producer = graph.graph.values[value].producer, graph.isMap(value),
                !(graph.graph.nodes[producer].op is Constant)
            else { return .f32 }
            return options.precision[graph.graph.nodes[producer].name]
        }
    }

    // MARK: Operands

    /// A new buffer in the given layout.
    func allocate(_ layout: Layout) -> Operand {
        // Fills write whole words.
        let byteCount = (layout.byteCount + 3) / 4 * 4
        buffers.append(.init(byteCount: byteCount, lifetime: steps.count...steps.count))
        return Operand(buffer: buffers.count - 1, layout: layout)
    }

    /// Says that `value` is now held by `operand`, rounded to the precision that it is to be held in.
    func define(_ value: Graph.ValueID, as operand: Operand) throws {
        let precision = stored[value]
        guard isComputable(value), precision != .f32 else { return hold(value, precision, operand) }
        hold(value, precision, context.isExact ? operand : try rounded(operand, to: precision))
    }

    /// Says that `value` is now held by `operand`, whose kernel rounded it by `rounding(of:)`.
    func define(_ value: Graph.ValueID, asRounded operand: Operand) { hold(value, stored[value], operand) }

    /// What a kernel of our own is to round the elements of a value to.
    func rounding(of value: Graph.ValueID) -> ck_precision { ck_precision(stored[value]) }

    /// The operand itself with its elements rounded, or a copy if they are held in another type.
    private func rounded(_ operand: Operand, to precision: Precision) throws -> Operand {
        let result = operand.layout.type == precision.type ? operand : try converted(operand, to: precision.type)
        // To bfloat16 the reorder rounds by itself.
        if precision.type == dnnl_f32 {
            append(.round(result, precision), .copy, "to \(precision.rawValue)", touching: [result])
        }
        return result
    }

    private func hold(_ value: Graph.ValueID, _ precision: Precision, _ operand: Operand) {
        operands[value].append((precision, operand))
        pendingReads[operand.buffer, default: 0] += remainingReads[value]
    }

    /// Whether a value was made already, or can be made of bytes that were.
    func isMade(_ value: Graph.ValueID) -> Bool {
        !operands[value].isEmpty || bytes(of: value).map { !operands[$0.value].isEmpty } ?? false
    }

    /// The precision in which the layer that is lowered reads a value.
    private func precisionRead(_ value: Graph.ValueID) -> Precision {
        context.precision == .f32 || !isComputable(value) ? stored[value] : context.precision
    }

    /// The value as it was made.
    private func made(_ value: Graph.ValueID) throws -> (precision: Precision, operand: Operand) {
        if let first = operands[value].first { return first }
        // A constant is put into memory when the first layer reads it from there; most have their own copies.
        if let producer = graph.graph.values[value].producer, graph.graph.nodes[producer].op is Constant {
            let reader = context
            context = Context(layer: graph.graph.nodes[producer].name)
            try reference(graph.graph.nodes[producer], parameters: graph.parameters[producer])
            context = reader
        }
        // So are numbers that bytes stand for: layers on integers read the bytes.
        if let bytes = bytes(of: value), let producer = graph.graph.values[value].producer {
            let reader = context
            context = Context(layer: graph.graph.nodes[producer].name)
            let source = try operand(bytes.value)
            let numbers = allocate(try source.layout.typed(dnnl_f32))
            append(
                .quantize(numbers, source, bytes.scale, isBackwards: true), .kernel, "dequantize",
                touching: [numbers, source])
            try define(value, as: numbers)
            describe("dequantize")
            context = reader
        }
        guard let first = operands[value].first else {
            throw TesseraError(.backendFailure, "'\(graph.graph.values[value].name)' is read before it was made")
        }
        return first
    }

    /// The value in whatever layout it was made, in the type of number that the layer's primitives take.
    func operand(_ value: Graph.ValueID) throws -> Operand {
        let made = try made(value)
        guard isComputable(value) else { return made.operand }
        let precision = precisionRead(value)
        if let held = held(value, precision, where: { $0.type == context.type }) { return held }
        let source = try held(value, precision) { _ in true } ?? roundedCopy(of: value, made.operand, precision)
        if source.layout.type == context.type { return source }
        let copy = try converted(source, to: context.type)
        hold(value, precision, copy)
        return copy
    }

    /// The value in the given layout, reordered if need be.
    func operand(_ value: Graph.ValueID, in layout: Layout) throws -> Operand {
        let made = try made(value)
        let precision = precisionRead(value)
        if let held = held(value, precision, where: { $0 == layout }) { return held }
        // A reorder rounds to bfloat16 by itself.
        let isDirect =
            !isComputable(value) || made.precision == precision
            || layout.type == precision.type && layout.type != dnnl_f32
        let source = isDirect ? made.operand : try operand(value)
        if source.layout == layout { return source }
        let copy = allocate(layout)
        try reorder(from: source, to: copy)
        hold(value, precision, copy)
        return copy
    }

    /// A value of another precision, rounded for this layer and later ones.
    private func roundedCopy(of value: Graph.ValueID, _ made: Operand, _ precision: Precision) throws -> Operand {
        // What others read is not rounded in place.
        let own = made.layout.type == precision.type ? try converted(made, to: precision.type) : made
        let copy = try rounded(own, to: precision)
        hold(value, precision, copy)
        return copy
    }

    private func held(
        _ value: Graph.ValueID, _ precision: Precision, where isWanted: (Layout) -> Bool
    ) -> Operand? {
        operands[value].first { $0.precision == precision && isWanted($0.operand.layout) }?.operand
    }

    /// A copy with elements of a type.
    private func converted(_ source: Operand, to type: dnnl_data_type_t) throws -> Operand {
        let copy = allocate(try source.layout.typed(type))
        try reorder(from: source, to: copy)
        return copy
    }

    /// Whether oneDNN's primitives take a value: f32, not a scalar, not empty.
    func isComputable(_ value: Graph.ValueID) -> Bool { graph.isMap(value) }

    /// Whether a value is one f32 without axes.
    func isScalar(_ value: Graph.ValueID) -> Bool {
        graph.elementTypes[value] == .f32 && graph.shapes[value].rank == 0
    }

    /// Dense and row-major.
    func plainLayout(_ value: Graph.ValueID) throws -> Layout {
        isComputable(value)
            ? try .plain(graph.shapes[value].dimensions, type: context.type)
            : isBytes(value)
                ? try .plain(graph.shapes[value].dimensions, type: byteType(value))
                : try .raw(byteCount: graph.byteCount(of: value))
    }

    // MARK: Bytes

    /// Whether a value is a map of bytes that kernels for integers take.
    func isBytes(_ value: Graph.ValueID) -> Bool {
        (graph.elementTypes[value] == .u8 || graph.elementTypes[value] == .i8)
            && (1...6).contains(graph.shapes[value].rank) && graph.shapes[value].elementCount > 0
    }

    func byteType(_ value: Graph.ValueID) -> dnnl_data_type_t { graph.elementTypes[value] == .i8 ? dnnl_s8 : dnnl_u8 }

    /// The bytes that stand for a value's numbers; nil for a value that is made otherwise.
    func bytes(of value: Graph.ValueID) -> (value: Graph.ValueID, scale: QuantizationScale)? {
        guard let producer = graph.graph.values[value].producer,
            let op = graph.graph.nodes[producer].op as? Dequantize, let scale = op.scale, op.type == .f32,
            options.precision[graph.graph.nodes[producer].name] == .f32, isComputable(value),
            isBytes(graph.graph.nodes[producer].inputs[0])
        else { return nil }
        let source = graph.graph.nodes[producer].inputs[0]
        var own = QuantizationScale(scale: Float(scale), zeroPoint: op.zeroPoint, type: graph.elementTypes[source])
        // Fewer bits than the type has are known from what made the bytes.
        if let maker = graph.graph.values[source].producer.map({ graph.graph.nodes[$0].op }) as? Quantize {
            own.bits = maker.bits
        }
        return (source, own)
    }

    /// Whether a layer makes numbers of bytes, which happens when somebody reads the numbers.
    func isMadeWhenRead(_ node: Graph.Node) -> Bool { node.op is Constant || bytes(of: node.outputs[0]) != nil }

    /// Makes bytes of a value's numbers, in the order that kernels for integers like.
    func quantize(_ value: Graph.ValueID, _ scale: QuantizationScale, as result: Graph.ValueID) throws {
        var source = try operand(value)
        if source.layout.elementCount != graph.shapes[value].elementCount { source = try plainOperand(value) }
        let bytes = allocate(try source.layout.typed(byteType(result)))
        append(.quantize(source, bytes, scale, isBackwards: false), .kernel, "quantize", touching: [source, bytes])
        describe("quantize")
        guard graph.shapes[value].rank > 2 else { return try define(result, as: bytes) }
        let last = try Layout.map(graph.shapes[value].dimensions, .nhwc, type: byteType(result))
        guard bytes.layout != last else { return try define(result, as: bytes) }
        let copy = allocate(last)
        try reorder(from: bytes, to: copy)
        try define(result, as: copy)
    }

    /// Signed bytes as unsigned ones that are 128 larger.
    func shifted(_ source: Operand) throws -> Operand {
        let target = allocate(try source.layout.typed(dnnl_u8))
        append(.shiftBytes(source, target), .copy, "to unsigned bytes", touching: [source, target])
        return target
    }

    /// Whether bytes may be overwritten by the layer that is lowered: nobody reads them, or the numbers that they stand for, later.
    ///
    /// - Parameter numbers: the value that the layer reads, which is made of the bytes.
    func isLastReader(ofBytes bytes: Graph.ValueID, through numbers: Graph.ValueID, _ operand: Operand) -> Bool {
        remainingReads[bytes] == 1 && remainingReads[numbers] == 1 && pendingReads[operand.buffer] == 1
    }

    /// The value, dense and row-major.
    func plainOperand(_ value: Graph.ValueID) throws -> Operand { try operand(value, in: plainLayout(value)) }

    /// An operand of the same layout for a result that is made element by element: `input` itself if nobody else reads it.
    func result(over input: Operand) -> Operand { isLastRead(input) ? input : allocate(input.layout) }

    /// Whether nobody reads an operand's buffer after the layer that is lowered.
    func isLastRead(_ operand: Operand) -> Bool { pendingReads[operand.buffer] == 1 }

    /// The layer that alone reads a value; nil if there are several, or none, or if the value is an output.
    func soleReader(of value: Graph.ValueID) -> Graph.Node? { soleReaders[value].map { graph.graph.nodes[$0] } }

    /// Whether the operand that the layer that is lowered gets of a value may be overwritten: nobody reads it after that.
    func isLastReader(of value: Graph.ValueID, in layout: Layout) -> Bool {
        remainingReads[value] == 1
            && operands[value].allSatisfy { pendingReads[$0.operand.buffer] == 1 || $0.operand.layout != layout }
    }

    /// Says that these layers run within the one that is lowered.
    func merge(_ nodes: [Graph.Node]) {
        context.merged = nodes.map(\.name)
        merged.formUnion(context.merged)
        for node in nodes { finish(node) }
    }

    /// Takes it back for layers that could not run within the one that is lowered after all.
    func unmerge(_ nodes: [Graph.Node]) {
        context.merged = []
        merged.subtract(nodes.map(\.name))
        for value in nodes.flatMap({ Set($0.inputs) }) {
            remainingReads[value] += 1
            for held in operands[value] { pendingReads[held.operand.buffer, default: 0] += 1 }
        }
    }

    /// Ends the lowering of a node: its inputs have one reader fewer.
    func finish(_ node: Graph.Node) {
        for value in Set(node.inputs) {
            remainingReads[value] -= 1
            for held in operands[value] { pendingReads[held.operand.buffer, default: 1] -= 1 }
        }
    }

    /// Whether somebody reads a value.
    func isRead(_ value: Graph.ValueID) -> Bool { readCounts[value] > 0 }

    // MARK: Steps

    /// Says what computes the layer that is lowered.
    func describe(_ implementation: String) {
        kernels.append(
            KernelDescription(layer: context.layer, implementation: implementation, merged: context.merged))
    }

    func execute(
        _ descriptor: PrimitiveDescriptor, _ arguments: [(Int32, Argument)], threads: Int? = nil,
        kind: StepSpan.Kind = .kernel
    ) throws {
        var arguments = arguments
        let scratch = try Layout.of(descriptor, dnnl_query_scratchpad_md, [])
        if scratch.byteCount > 0 {
            arguments.append((DNNL_ARG_SCRATCHPAD, .operand(allocate(scratch))))
        }
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

    /// - Parameter scratch: bytes of memory that it takes.
    func convolve(
        _ work: OwnWork, _ implementation: String, _ source: Operand, residual: Operand?, _ target: Operand,
        scratch: Int
    ) throws {
        let room = allocate(try .raw(byteCount: scratch))
        append(
            .convolve(work, source, residual: residual, target, scratch: room), .kernel, implementation,
            touching: [source, target, room] + (residual.map { [$0] } ?? []))
    }

    func input(_ index: Int, value: Graph.ValueID) throws {
        let operand = allocate(try plainLayout(value))
        context = Context(layer: graph.graph.values[value].name)
        append(.input(index, operand), .copy, "input", touching: [operand])
        try define(value, as: operand)
    }

    func output(_ index: Int, value: Graph.ValueID) throws {
        context = Context(layer: graph.graph.outputs[index].name)
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
            .reference(node.op, parameters, inputs, types, outputs, context.precision), .kernel,
            "reference:\(node.op.name)", touching: inputs + outputs)
        // The step rounds what it makes, also what no primitive takes.
        context.isExact = true
        for (value, operand) in zip(node.outputs, outputs) { try define(value, as: operand) }
        describe("reference:\(node.op.name)")
    }

    private func append(_ step: Step, _ kind: StepSpan.Kind, _ implementation: String, touching operands: [Operand]) {
        labels.append(Label(layer: context.layer, kind: kind, implementation: implementation))
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

    /// A weight in the layout that a primitive wants, reordered once for all programs, and rounded to the precision of the layer.
    ///
    /// - Parameters:
    ///   - source: how the tensor's own elements are to be read.
    ///   - precision: nil for the layer's; f32 for what was computed of weights that are rounded already.
    func constant(
        _ tensor: Tensor, as source: Layout, in target: Layout, rounding precision: Precision? = nil
    ) throws -> Argument {
        .constant(try Memory(target, at: packed(tensor, as: source, in: target, rounding: precision, packing: nil)))
    }

    /// The numbers that a kernel of our own wants of a weight.
    ///
    /// - Parameter packing: makes so many of those of the weight.
    func constantFloats(
        _ tensor: Tensor, count: Int, packing: PackedWeights.Packing
    ) throws -> UnsafePointer<Float> {
        let source = try Layout.plain(tensor.shape.dimensions)
        let address = try packed(tensor, as: source, in: .plain([count]), packing: packing)
        return UnsafePointer(address.assumingMemoryBound(to: Float.self))
    }

    private func packed(
        _ tensor: Tensor, as source: Layout, in target: Layout, rounding precision: Precision? = nil,
        packing: PackedWeights.Packing?
    ) throws -> UnsafeMutableRawPointer {
        let allocation = try PackedWeights.shared.weights(
            tensor, as: source, in: target, rounding: precision ?? context.precision, packing: packing, pages: pages,
            stream: stream)
        constants.append(allocation)
        return allocation.address
    }
}

extension BoundGraph {
    fileprivate func isMap(_ value: Graph.ValueID) -> Bool {
        elementTypes[value] == .f32 && (1...6).contains(shapes[value].rank) && shapes[value].elementCount > 0
    }
}

extension Precision {
    /// The type of number in which activations are held between layers. Kernels read f32 where they do not compute in numbers of 16
    /// bits themselves: activations are rounded where they are then, since to store them as narrower numbers would be another
    /// pass over memory before and after each layer.
    var type: dnnl_data_type_t { self == .bf16 && Engine.hasBF16 ? dnnl_bf16 : dnnl_f32 }
}
