import TesseraCore
import TesseraOneDNN
import TesseraPlugins
import TesseraRuntime

/// What every operator must do, over inputs of whatever shapes and types it takes.
struct OperatorConformance: Sendable {
    /// Shapes that are tried: maps of odd sizes, rows, and single numbers.
    private static let shapes: [Shape] = [
        [1, 4, 9, 11], [2, 6, 8, 8], [1, 8, 16, 15], [1, 1, 1, 1], [2, 3, 13], [3, 5], [2, 3, 4, 5, 6], [7],
    ]

    /// The types of inputs that are tried, in this order; the last is repeated.
    private static let types: [[ElementType]] = [
        [.f32], [.bool], [.u8], [.i64], [.u8, .f32], [.bool, .f32], [.f32, .i64],
    ]

    let op: any Operator
    let seed: UInt64

    init(_ op: any Operator, seed: UInt64) { (self.op, self.seed) = (op, seed) }

    /// What must not be written to is looked at first: what is there after a stray write proves nothing.
    var checks: [ConformanceCheck] { writes + results + [cut] + pixels }

    private var writes: [ConformanceCheck] {
        let stay = ConformanceCheck("it does not change its inputs and weights") {
            try forEachCase { try checkInputsStay($0) }
        }
        guard op is any WatchedOperator else { return [stay] }
        let all = ConformanceCheck("it writes every element of its output, and nothing beside it") {
            try forEachCase { graph in try watch(graph) { $0.misplaced } }
        }
        return [stay, all]
    }

    private var results: [ConformanceCheck] {
        [
            ConformanceCheck("what it makes has the shape that it says") {
                try forEachCase { _ = try run($0, ReferenceBackend()) }
            },
            ConformanceCheck("the same inputs give the same output") {
                try forEachCase { graph in
                    guard try run(graph, ReferenceBackend()) == run(graph, ReferenceBackend()) else {
                        throw BrokenPromise(description: "the outputs differ, seed \(seed)")
                    }
                }
            },
            ConformanceCheck("threads that use it at once get the same output") {
                try forEachCase { graph in
                    let expected = try run(graph, ReferenceBackend())
                    try ConformanceCheck.atOnce { try run(graph, ReferenceBackend()) == expected }
                }
            },
        ]
    }

    private var cut: ConformanceCheck {
        op.isSpatiallyLocal
            ? ConformanceCheck("regions that are computed by themselves equal the whole to the bit") {
                try forEachCase { try checkRegions(of: $0) }
            }
            : ConformanceCheck("it says that it cannot be cut") {
                guard op.isSpatiallyLocal else { return }
                throw BrokenPromise(description: "it can be cut")
            }
    }

    private var pixels: [ConformanceCheck] {
        guard op.isPointwise else { return [] }
        return [
            ConformanceCheck("every pixel depends on those at its own place alone") {
                try forEachCase { try checkPixels(of: $0) }
            }
        ]
    }

    /// The networks of just this operator, for each of the shapes that it takes.
    private func forEachCase(_ body: (BoundGraph) throws -> Void) throws {
        var (count, refusal) = (0, nil as (any Error)?)
        for shape in Self.shapes {
            let inputs = [Shape](repeating: shape, count: op.inputCount.lowerBound)
            var accepted: BoundGraph?
            for types in Self.types where accepted == nil {
                do {
                    accepted = try network(inputs, types)
                } catch {
                    refusal = refusal ?? error
                }
            }
            guard let graph = accepted else { continue }
            count += 1
            do {
                try body(graph)
            } catch {
                throw BrokenPromise(description: "inputs of \(shape): \(error)")
            }
        }
        guard count == 0, let refusal else { return }
        throw BrokenPromise(description: "it takes none of the shapes that are tried: \(refusal)")
    }

    private func network(_ inputs: [Shape], _ types: [ElementType]) throws -> BoundGraph {
        var graph = Graph()
        let ids = try inputs.enumerated().map { index, shape in
            let type = types[min(index, types.count - 1)]
            return try graph.addInput("x\(index)", shape: SymbolicShape(shape), elementType: type)
        }
        try graph.addOutput("y", graph.addNode("layer", op, inputs: ids))
        var numbers = ConformanceNumbers(seed: seed)
        return try BoundGraph(graph, inputs: [:]) { _, specification in
            // A factor or a variance near 1, and anything else near 0.
            let tensor = try numbers.tensor(specification.shape)
            switch specification.role {
            case .scale, .variance: return try Tensor(tensor.floats().map { 1 + $0 / 2 }, shape: tensor.shape)
            default: return tensor
            }
        }
    }

    /// - Parameter draw: which of several inputs of the same shapes.
    func inputs(of graph: BoundGraph, draw: UInt64 = 1) throws -> [Tensor] {
        var numbers = ConformanceNumbers(seed: seed &+ draw)
        return try graph.graph.inputs.enumerated().map { index, input in
            let numbers = try numbers.tensor(graph.shapes[input.value])
            guard input.elementType != .f32 else { return numbers }
            // Integers after the first input may be places along an axis of any size.
            let isPlace = index > 0 && input.elementType != .bool
            let integers = try numbers.floats().map { $0 > 0 && !isPlace ? Int64(1) : 0 }
            return try Tensor(integers: integers, shape: numbers.shape, elementType: input.elementType)
        }
    }

    /// Runs the operator, and compares what it makes with what it says.
    func run(
        _ graph: BoundGraph, _ backend: any KernelBackend, on inputs: [Tensor]? = nil
    ) throws -> Tensor {
        let compiled = try backend.compile(graph, options: CompileOptions(threads: 1))
        let result = try compiled.run(inputs ?? self.inputs(of: graph))[0]
        let expected = graph.shapes[graph.graph.outputs[0].value]
        guard result.shape == expected else {
            throw BrokenPromise(description: "expected an output of \(expected), found \(result.shape)")
        }
        return result
    }

    private func checkInputsStay(_ graph: BoundGraph) throws {
        guard let node = graph.graph.nodes.first else { return }
        try watch(graph) { $0.changed }
        let (inputs, before) = (try inputs(of: graph), try self.inputs(of: graph))
        let weights = graph.parameters[0]
        // What is written to is copied.
        var weightsBefore = weights
        for name in weights.keys { weightsBefore[name]?.withUnsafeMutableBytes { _ in } }
        _ = try node.op.forward(inputs, parameters: weights)
        guard inputs == before, weights == weightsBefore else {
            throw BrokenPromise(description: "inputs or weights are others afterwards")
        }
    }

    private func checkRegions(of graph: BoundGraph) throws {
        guard let node = graph.graph.nodes.first else { return }
        let inputs = try inputs(of: graph)
        for backend in [ReferenceBackend(), OneDNNBackend()] as [any KernelBackend] {
            let whole = try run(graph, backend)
            for counts in [[2, 1], [1, 3], [2, 2], [100, 100]] where whole.shape.rank > 2 {
                var stitched = try Tensor(zeros: whole.shape, elementType: whole.elementType)
                for region in Region(whole: whole.shape).parts(alongLastAxes: counts) {
                    let part = try compute(region, node.op, inputs, graph, backend)
                    guard part.shape == region.shape else {
                        throw BrokenPromise(description: "expected \(region) as \(region.shape), found \(part.shape)")
                    }
                    try stitched.paste(part, at: region)
                }
                guard stitched == whole else {
                    throw BrokenPromise(
                        description: "parts \(counts) differ from the whole with '\(backend.name)', seed \(seed)")
                }
            }
        }
    }

    /// A region of the output, from regions of the inputs.
    private func compute(
        _ region: Region, _ op: any Operator, _ inputs: [Tensor], _ whole: BoundGraph, _ backend: any KernelBackend
    ) throws -> Tensor {
        let tile = try op.tile(region, ofOutput: 0, inputs: inputs.map(\.shape))
        let pieces = try zip(inputs, tile.inputs).compactMap { tensor, region in try region.map(tensor.cropped) }
        var graph = Graph()
        let ids = try pieces.enumerated().map {
            try graph.addInput("x\($0)", shape: SymbolicShape($1.shape), elementType: $1.elementType)
        }
        try graph.addOutput("y", graph.addNode("tile", tile.op, inputs: ids))
        let bound = try BoundGraph(graph, inputs: [:]) { _, specification in
            guard let parameter = whole.parameters[0][specification.name] else { return nil }
            return try tile.parameters[specification.name].map(parameter.cropped) ?? parameter
        }
        return try backend.compile(bound, options: CompileOptions(threads: 1)).run(pieces)[0]
    }
}

extension Region {
    /// This region in near-equal parts along its last axes; at most one part an element.
    func parts(alongLastAxes counts: [Int]) -> [Region] {
        var regions = [self]
        for (offset, count) in counts.suffix(rank - 2).enumerated() {
            let axis = rank - min(counts.count, rank - 2) + offset
            regions = regions.flatMap { region in
                region[axis].divided(into: min(count, region[axis].count)).map {
                    region.replacing(axis: axis, with: $0)
                }
            }
        }
        return regions
    }
}
