import Tessera
import TesseraCore
import TesseraOneDNN
import TesseraOperators
import TesseraRuntime
import Testing

/// One setting in which an operator is checked.
public struct OperatorCase: Sendable, CustomStringConvertible {
    public let op: any Operator
    public let inputs: [Shape]
    /// The types of the inputs; f32 beyond the end.
    public let types: [ElementType]
    /// The values of inputs that are part of the network, by index; all others are drawn at random.
    public let constants: [Int: Tensor]
    /// Largest error of the kernel, relative to the largest element of the result.
    public let tolerance: Float
    /// The parts to cut the last axes of the output into, several ways.
    public let tilings: [[Int]]

    /// - Parameter tilings: parts along each spatial axis of the output; an axis that is smaller is cut into single elements.
    public init(
        _ op: any Operator, _ inputs: Shape..., types: [ElementType] = [], constants: [Int: Tensor] = [:],
        tolerance: Float = 2e-6,
        tilings: [[Int]] = [[2, 1], [1, 2], [2, 2], [3, 3], [7, 1], [1, 5], [100, 100]]
    ) {
        self.op = op
        self.inputs = inputs
        self.types = inputs.indices.map { $0 < types.count ? types[$0] : .f32 }
        self.constants = constants
        self.tolerance = tolerance
        self.tilings = tilings
    }

    public var description: String {
        "\(op.name) \(op.configuration.flow) over \(zip(inputs, types).map { "\($0) \($1)" }.joined(separator: ", "))"
    }
}

/// Checks all that an operator promises, for every case: the inferred shape is the actual one, kernels agree with the
/// reference, stitched tiles equal the whole to the bit (reference and kernels, one thread and two), the gradients are those of finite
/// differences, and the configuration survives being written and read.
public func checkOperator(_ cases: [OperatorCase], seed: UInt64 = 20_261_121) throws {
    for (index, testCase) in cases.enumerated() {
        var generator = SeededGenerator(seed: seed &+ UInt64(index))
        do {
            try testCase.check(using: &generator)
        } catch {
            Issue.record("\(testCase) (seed \(seed)): \(error)")
        }
    }
}

extension OperatorCase {
    fileprivate func check(using generator: inout SeededGenerator) throws {
        let graph = try randomGraph(using: &generator)
        let tensors = try inputs.indices.filter { constants[$0] == nil }
            .map { try Tensor.random(inputs[$0], types[$0], using: &generator) }

        let references = try Self.run(graph, ReferenceBackend(), threads: 1, tensors)
        for (reference, output) in zip(references, graph.graph.outputs) {
            #expect(reference.shape == graph.shapes[output.value], "inferred shape of \(output.name) of \(self)")
            #expect(
                reference.elementType == graph.elementTypes[output.value], "inferred type of \(output.name) of \(self)")
        }
        try checkTiles(
            of: graph, tensors, whole: references, ReferenceBackend(), threads: 1, tilings: tilings.suffix(3))

        let backend = OneDNNBackend()
        let kernels = try Self.run(graph, backend, threads: 1, tensors)
        for (kernel, reference) in zip(kernels, references) { try expectClose(kernel, reference) }
        for threads in [1, 2] {
            let again = try Self.run(graph, backend, threads: threads, tensors)
            #expect((again == kernels) as Bool, "\(threads) threads: \(self)")
            try checkTiles(of: graph, tensors, whole: kernels, backend, threads: threads, tilings: tilings)
        }
        try checkRoundTrip()
        if graph.graph.nodes.count == 1, let node = graph.graph.nodes.first, node.inputs.count == tensors.count {
            try checkGradient(node.op, tensors, graph.parameters[0], using: &generator)
        }
    }

    private func randomGraph(using generator: inout SeededGenerator) throws -> BoundGraph {
        var graph = Graph()
        let ids = try inputs.indices.map {
            if let constant = constants[$0] { return try graph.addNode("x\($0)", Constant(constant), inputs: []) }
            return try graph.addInput("x\($0)", shape: SymbolicShape(inputs[$0]), elementType: types[$0])
        }
        let first = try graph.addNode("layer", op, inputs: ids)
        for output in op.outputNames.indices { try graph.addOutput(op.outputNames[output], first + output) }
        let values = Dictionary(uniqueKeysWithValues: constants.map { ("x\($0)", $1) })
        return try BoundGraph(graph, inputs: [:]) { node, specification in
            try values[node.name] ?? .random(specification, using: &generator)
        }
    }

    private static func run(
        _ graph: BoundGraph, _ backend: any KernelBackend, threads: Int, _ inputs: [Tensor]
    ) throws -> [Tensor] {
        try backend.compile(graph, options: CompileOptions(threads: threads)).run(inputs)
    }

    private func expectClose(_ kernel: Tensor, _ reference: Tensor) throws {
        #expect(
            kernel.shape == reference.shape && kernel.elementType == reference.elementType, "kernel's type of \(self)")
        let (a, b) = (kernel.reals().map { Float($0) }, reference.reals().map { Float($0) })
        let scale = b.reduce(Float(1e-3)) { $1.isFinite ? max($0, abs($1)) : $0 }
        // `max` would drop a difference that is not a number.
        let worst = zip(a, b).lazy.filter { $0 != $1 && !($0.isNaN && $1.isNaN) }.map { abs($0 - $1) }.reduce(Float(0))
        {
            $1.isNaN ? .infinity : max($0, $1)
        }
        #expect(worst <= tolerance * scale, "kernel differs from reference by \(worst / scale): \(self)")
    }

    private func checkTiles(
        of graph: BoundGraph, _ inputs: [Tensor], whole outputs: [Tensor], _ backend: any KernelBackend, threads: Int,
        tilings: some Sequence<[Int]>
    ) throws {
        guard op.isSpatiallyLocal else { return }
        for (output, whole) in outputs.enumerated() where whole.shape.rank > 2 {
            for tiling in tilings {
                let stitched = try stitched(
                    output, of: whole, parts: Region(whole: whole.shape).parts(tiling), graph, inputs, backend,
                    threads: threads)
                #expect(
                    (stitched == whole) as Bool,
                    "stitched tiles \(tiling) differ with \(backend.name), \(threads) threads: \(self)")
            }
        }
    }

    /// An output put together from parts that are computed on their own.
    private func stitched(
        _ output: Int, of whole: Tensor, parts: [Region], _ graph: BoundGraph, _ inputs: [Tensor],
        _ backend: any KernelBackend, threads: Int
    ) throws -> Tensor {
        var stitched = try Tensor(zeros: whole.shape, elementType: whole.elementType)
        for region in parts {
            let tile = try op.tile(region, ofOutput: output, inputs: self.inputs)
            let used = zip(inputs, tile.inputs).compactMap { tensor, region in region.map { (tensor, $0) } }
            let pieces = try used.map { try $0.cropped(to: $1) }
            var part = Graph()
            let values = try pieces.enumerated().map {
                try part.addInput("x\($0)", shape: SymbolicShape($1.shape), elementType: $1.elementType)
            }
            try part.addOutput("y", part.addNode("tile", tile.op, inputs: values))
            let bound = try BoundGraph(part, inputs: [:]) { _, specification in
                let parameter = graph.parameters.first?[specification.name]
                guard let parameter else { throw TesseraError(.notFound, specification.name) }
                return try tile.parameters[specification.name].map(parameter.cropped) ?? parameter
            }
            try stitched.paste(Self.run(bound, backend, threads: threads, pieces)[0], at: region)
        }
        return stitched
    }

    private func checkRoundTrip() throws {
        let again = try Registry<any Operator>.builtin.make(op.name, op.configuration)
        #expect(again.configuration == op.configuration, "configuration of \(self)")
    }
}

extension Region {
    /// This region cut into near-equal parts along its last axes; at most one part an element.
    public func parts(_ counts: [Int]) -> [Region] {
        var regions = [self]
        for (offset, count) in counts.suffix(rank - 2).enumerated() {
            let axis = rank - min(counts.count, rank - 2) + offset
            regions = regions.flatMap { region -> [Region] in
                let range = region[axis]
                let parts = min(count, range.count)
                return (0..<parts).map {
                    let start = range.lowerBound + $0 * range.count / parts
                    let end = range.lowerBound + ($0 + 1) * range.count / parts
                    return region.replacing(axis: axis, with: start..<end)
                }
            }
        }
        return regions
    }
}

extension Tensor {
    /// Values between -1 and 1; integers from 0, or -9, to 9.
    public static func random(
        _ shape: Shape, _ elementType: ElementType, using generator: inout SeededGenerator
    ) throws -> Tensor {
        if elementType == .f32 { return try random(shape, using: &generator) }
        let count = 0..<shape.elementCount
        if elementType.isFloatingPoint {
            let values = count.map { _ in Double.random(in: -1...1, using: &generator) }
            return try Tensor(reals: values, shape: shape, elementType: elementType)
        }
        let isSigned = elementType.rawValue.hasPrefix("i")
        let range: ClosedRange<Int64> = elementType == .bool ? 0...1 : isSigned ? -9...9 : 0...9
        let values = count.map { _ in Int64.random(in: range, using: &generator) }
        return try Tensor(integers: values, shape: shape, elementType: elementType)
    }

    /// Values between -1 and 1.
    public static func random(_ shape: Shape, using generator: inout SeededGenerator) throws -> Tensor {
        try Tensor((0..<shape.elementCount).map { _ in Float.random(in: -1...1, using: &generator) }, shape: shape)
    }

    /// Values as the parameter's role demands: variances are positive.
    public static func random(
        _ specification: ParameterSpecification, using generator: inout SeededGenerator
    ) throws -> Tensor {
        let range: ClosedRange<Float> =
            switch specification.role {
            case .variance: 0.5...2
            case .scale: 0.5...1.5
            default: -1...1
            }
        let count = specification.shape.elementCount
        return try Tensor(
            (0..<count).map { _ in Float.random(in: range, using: &generator) }, shape: specification.shape)
    }
}
