import CKernels
import COneDNN
import TesseraCore
import TesseraOperators
import TesseraRuntime

/// Measures the kernels that each convolution of a graph could take, and chooses among them and among the orders of channels
/// so that the whole graph is fastest, with what is reordered in between.
///
/// Only kernels that add independently of the size of the map take part in f32: a tile must come out as the whole does.
struct KernelTuner {
    private let graph: BoundGraph
    private let options: CompileOptions
    private let orders: [MapOrder]
    private var bench: KernelBench

    init(_ graph: BoundGraph, options: CompileOptions) throws {
        (self.graph, self.options) = (graph, options)
        orders = [.nchw, .nhwc, Engine.hasAVX512 ? .nChw16c : .nChw8c]
        bench = try KernelBench()
    }

    /// One convolution and the kernels that were measured for it.
    private struct Measured {
        var node: Graph.Node
        var type: dnnl_data_type_t
        var kernels: [(choice: KernelChoice, orders: Convolution.Orders, seconds: Double)]
    }

    mutating func choices() throws -> [String: KernelChoice] {
        omp_set_num_threads(Int32(options.threads))
        var layers: [Measured] = []
        for (node, parameters) in zip(graph.graph.nodes, graph.parameters) {
            guard let measured = try measure(node, parameters), !measured.kernels.isEmpty else { continue }
            layers.append(measured)
        }
        let groups = groupsOfEqualOrder()
        var assignment = LayoutAssignment(variables: groups.count, options: orders.count)
        var best: [[[KernelChoice?]]] = []
        for layer in layers {
            let (input, output) = (layer.node.inputs[0], layer.node.outputs[0])
            var costs = orders.map { _ in orders.map { _ in Double.infinity } }
            var chosen: [[KernelChoice?]] = orders.map { _ in orders.map { _ in nil } }
            for (a, source) in orders.enumerated() {
                for (b, target) in orders.enumerated() {
                    for kernel in layer.kernels {
                        let cost =
                            try kernel.seconds
                            + bench.reorder(shape(input), layer.type, from: source, to: kernel.orders.source)
                            + bench.reorder(shape(output), layer.type, from: kernel.orders.target, to: target)
                        if cost < costs[a][b] { (costs[a][b], chosen[a][b]) = (cost, kernel.choice) }
                    }
                }
            }
            best.append(chosen)
            assignment.addCost(groups.of[input], groups.of[output]) { costs[$0][$1] }
        }
        for value in plainValues() where shape(value).count > 2 {
            let costs = try orders.map { try bench.reorder(shape(value), dnnl_f32, from: .nchw, to: $0) }
            assignment.addCost(groups.of[value]) { costs[$0] }
        }
        // Where too much hangs together, the built-in choice is no worse than a guess.
        guard let solution = assignment.solve() else { return [:] }
        var result: [String: KernelChoice] = [:]
        for (layer, chosen) in zip(layers, best) {
            let source = solution.options[groups.of[layer.node.inputs[0]]]
            let target = solution.options[groups.of[layer.node.outputs[0]]]
            result[layer.node.name] = chosen[source][target]
        }
        return result
    }

    private func shape(_ value: Graph.ValueID) -> [Int] { graph.shapes[value].dimensions }

    /// - Returns: nil for what is not a convolution of f32 numbers.
    private mutating func measure(_ node: Graph.Node, _ parameters: [String: Tensor]) throws -> Measured? {
        guard let op = node.op as? Conv, let weight = parameters["weight"], weight.elementType == .f32,
            graph.elementTypes[node.inputs[0]] == .f32, shape(node.inputs[0]).allSatisfy({ $0 > 0 }),
            shape(node.outputs[0]).allSatisfy({ $0 > 0 }), shape(node.inputs[0]).count <= 5
        else { return nil }
        let precision = options.precision[node.name]
        let isBF16 = precision == .bf16 && Engine.hasBF16
        let convolution = try Convolution(
            window: op.window(over: graph.shapes[node.inputs[0]]), source: shape(node.inputs[0]),
            target: shape(node.outputs[0]), hasBias: op.bias, type: isBF16 ? dnnl_bf16 : dnnl_f32)
        var measured = Measured(node: node, type: convolution.type, kernels: [])
        for source in orders {
            for target in orders {
                let orders = Convolution.Orders(source: source, target: target)
                try Deadline.check()
                for kind in OwnConvolutions.all {
                    for implementation in kind.implementations {
                        let choice = KernelChoice(
                            implementation: implementation, source: source.rawValue, target: target.rawValue)
                        let own = try kind.init(
                            op, convolution.window, source: convolution.source, target: convolution.target,
                            type: convolution.type, precision: precision, demanded: choice)
                        // What cannot keep to these orders, or has no room, is left out.
                        if let own, try own.source == .map(convolution.source, source, type: convolution.type),
                            try own.target == .map(convolution.target, target, type: convolution.type),
                            let seconds = try? bench.convolution(own, roundingTo: precision, threads: options.threads)
                        {
                            measured.kernels.append((choice, orders, seconds))
                        }
                    }
                }
                for candidate in (try? convolution.candidates(weight, groups: op.groups, orders)) ?? [] {
                    guard var seconds = try? bench.convolution(candidate) else { continue }
                    // What oneDNN's kernels make in f32 is rounded after them.
                    if precision != .f32, convolution.type == dnnl_f32 {
                        seconds += try bench.rounding(
                            .map(convolution.target, target), to: precision, threads: options.threads)
                    }
                    let choice = KernelChoice(
                        implementation: candidate.descriptor.implementation, source: source.rawValue,
                        target: target.rawValue)
                    measured.kernels.append((choice, orders, seconds))
                }
            }
        }
        return measured
    }

    /// Values that lie in the same order because layers between them keep it.
    private struct Groups {
        /// By value.
        var of: [Int]
        var count: Int
    }

    private func groupsOfEqualOrder() -> Groups {
        var parent = Array(graph.graph.values.indices)
        func root(_ value: Int) -> Int { parent[value] == value ? value : root(parent[value]) }
        for node in graph.graph.nodes where node.op.keepsOrder {
            let values = (node.inputs + node.outputs).filter { shape($0).count > 2 }
            for value in values.dropFirst() { parent[root(value)] = root(values[0]) }
        }
        let roots = parent.indices.map(root)
        let numbers = Dictionary(uniqueKeysWithValues: Set(roots).sorted().enumerated().map { ($1, $0) })
        return Groups(of: roots.map { numbers[$0] ?? 0 }, count: numbers.count)
    }

    /// Values that are made or read row-major: the network's own inputs and outputs, and those of layers that know no other order.
    private func plainValues() -> [Graph.ValueID] {
        let others = graph.graph.nodes.filter { !($0.op is Conv || $0.op.keepsOrder || $0.op is Constant) }
        return graph.graph.inputs.map(\.value) + graph.graph.outputs.map(\.value)
            + others.flatMap { $0.inputs + $0.outputs }
    }
}

extension Operator {
    /// Whether its result lies as what it reads does.
    fileprivate var keepsOrder: Bool {
        switch self {
        case is any Pooling, is any GlobalPooling, is BatchNorm, is Add, is Subtract, is Multiply, is Average,
            is Concat,
            is Pad, is Slice, is Prelu:
            true
        default: ElementFunction.functions(of: self) != nil
        }
    }
}

/// Times primitives on memory of their own.
private struct KernelBench {
    private struct Key: Hashable {
        var parts: [String]
        var layouts: [[UInt8]]
    }

    private let stream: Stream
    private var known: [Key: Double] = [:]

    init() throws { stream = try Stream() }

    /// Seconds for a convolution. Equal ones are measured once.
    mutating func convolution(_ choice: Convolution.Choice) throws -> Double {
        let (geometry, descriptor) = (choice.geometry, choice.descriptor)
        let source = try Layout.of(descriptor, dnnl_query_src_md, geometry.source)
        let target = try Layout.of(descriptor, dnnl_query_dst_md, geometry.target)
        let weights = try Layout.of(descriptor, dnnl_query_weights_md, choice.weight.shape.dimensions)
        let key = Key(
            parts: [descriptor.implementation, "\(geometry.padding)"],
            layouts: [source.bytes, target.bytes, weights.bytes])
        if let seconds = known[key] { return seconds }
        let bias = try Layout.plain([geometry.target[1]])
        let seconds = try time(
            descriptor,
            [
                (DNNL_ARG_SRC, source), (DNNL_ARG_DST, target), (DNNL_ARG_WEIGHTS, weights), (DNNL_ARG_BIAS, bias),
            ])
        known[key] = seconds
        return seconds
    }

    /// Seconds for a convolution by a kernel of our own. Equal ones are measured once.
    mutating func convolution(
        _ kernel: any OwnConvolution, roundingTo precision: Precision, threads: Int
    ) throws -> Double {
        var work = kernel.work
        work.map.ending.precision = ck_precision(precision)
        let key = Key(parts: ["\(work)"], layouts: [kernel.source.bytes, kernel.target.bytes])
        if let seconds = known[key] { return seconds }
        let sizes = [
            kernel.source.byteCount, kernel.target.byteCount, 4 * work.weightCount,
            work.scratchByteCount(threads: threads),
        ]
        let room = try sizes.map(Self.zeros)
        work.map.weights = UnsafePointer(room[2].address.assumingMemoryBound(to: Float.self))
        let seconds = withExtendedLifetime(room) {
            Self.least {
                work.run(
                    source: room[0].address, target: room[1].address, scratch: room[3].address, threads: Int32(threads))
            }
        }
        known[key] = seconds
        return seconds
    }

    /// Seconds to round what a map holds.
    mutating func rounding(_ map: Layout, to precision: Precision, threads: Int) throws -> Double {
        let key = Key(parts: [precision.rawValue], layouts: [map.bytes])
        if let seconds = known[key] { return seconds }
        let room = try Self.zeros(byteCount: map.byteCount)
        let (count, kind) = (Int64(map.elementCount), ck_precision(precision))
        let seconds = withExtendedLifetime(room) {
            Self.least { ck_round(room.address.assumingMemoryBound(to: Float.self), count, kind, Int32(threads)) }
        }
        known[key] = seconds
        return seconds
    }

    /// Zeros take as long as other numbers, unlike what happens to be in memory: denormal numbers are slow.
    private static func zeros(byteCount: Int) throws -> Allocation {
        let allocation = try Allocation(byteCount: byteCount)
        allocation.address.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        return allocation
    }

    /// The least of several runs, after one that does not count: what a kernel takes when nothing else disturbs it. What keeps a core from
    /// one of several threads does so for many short runs, so some are made in any case, until three of them take about as long.
    private static func least(of run: () throws -> Void) rethrows -> Double {
        try run()
        let clock = ContinuousClock()
        let start = clock.now
        var times: [Double] = []
        var best = Double.infinity
        while times.count < 400 {
            times.append(try clock.measure(run) / .seconds(1))
            best = min(best, times[times.count - 1])
            let elapsed = clock.now - start
            if elapsed >= .milliseconds(200), times.count >= 3 { break }
            guard times.count >= 8 || elapsed >= .milliseconds(100), times.count >= 50 || elapsed >= .milliseconds(8)
            else { continue }
            if times.count(where: { $0 <= 1.1 * best }) >= 3 { break }
        }
        return best
    }

    /// Seconds to bring a map into another order.
    mutating func reorder(
        _ shape: [Int], _ type: dnnl_data_type_t, from source: MapOrder, to target: MapOrder
    ) throws -> Double {
        guard source != target else { return 0 }
        let from = try Layout.map(shape, source, type: type)
        let to = try Layout.map(shape, target, type: type)
        let key = Key(parts: [], layouts: [from.bytes, to.bytes])
        if let seconds = known[key] { return seconds }
        let descriptor = try PrimitiveDescriptor("a reorder") { onednn_reorder(&$0, $1, from.handle, to.handle) }
        let seconds = try time(descriptor, [(DNNL_ARG_FROM, from), (DNNL_ARG_TO, to)])
        known[key] = seconds
        return seconds
    }

    private func time(_ descriptor: PrimitiveDescriptor, _ operands: [(Int32, Layout)]) throws -> Double {
        let scratch = try Layout.of(descriptor, dnnl_query_scratchpad_md, [])
        var allocations: [Allocation] = []
        var memories: [Memory] = []
        let arguments = try (operands + [(DNNL_ARG_SCRATCHPAD, scratch)]).map { index, layout in
            let allocation = try Self.zeros(byteCount: layout.byteCount)
            allocations.append(allocation)
            memories.append(try Memory(layout, at: allocation.address))
            return dnnl_exec_arg_t(arg: index, memory: memories[memories.count - 1].handle)
        }
        let primitive = try Primitive(descriptor)
        return try withExtendedLifetime((allocations, memories)) {
            try Self.least { try stream.execute(primitive, arguments) }
        }
    }
}
