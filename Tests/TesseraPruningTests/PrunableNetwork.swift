import Tessera
import TesseraTestSupport

/// Random networks out of the blocks that networks for pictures are built of, in which channels depend on each other in every
/// way that pruning has to follow.
struct PrunableNetwork {
    private var graph = Graph()
    private var last = 0
    private var shapes: [Shape] = []
    private let input: Shape

    /// A network with random weights.
    static func make(using generator: inout SeededGenerator) throws -> Network {
        let input = Shape([[1, 2, 3].pick(&generator), [1, 2, 3, 4].pick(&generator), 8, 8])
        var network = PrunableNetwork(input: input)
        network.last = try network.graph.addInput("x", shape: SymbolicShape(input))
        network.shapes.append(input)
        try network.conv([4, 6, 8].pick(&generator), 3)
        for _ in 0..<Int.random(in: 2...5, using: &generator) { try network.addBlock(using: &generator) }
        try network.addHead(using: &generator)
        try network.graph.addOutput("y", network.last)
        let bound = try BoundGraph(network.graph, inputs: [:]) { _, specification in
            try .random(specification, using: &generator)
        }
        // Weights of a size that keeps values near 1.
        var weights: [String: Tensor] = [:]
        for (node, parameters) in zip(bound.graph.nodes, bound.parameters) {
            for specification in try node.op.parameters(for: bound.inputShapes(of: node)) {
                guard var tensor = parameters[specification.name] else { continue }
                if case .weight(let fanIn) = specification.role {
                    let factor = (3 / Float(fanIn)).squareRoot()
                    try tensor.withMutableFloats { for index in $0.indices { $0[index] *= factor } }
                }
                weights["\(node.name).\(specification.name)"] = tensor
            }
        }
        return Network(name: "random", graph: network.graph, inputs: [:], weights: .tensors(weights))
    }

    private init(input: Shape) { self.input = input }

    private var channels: Int { shapes[last][1] }

    @discardableResult
    private mutating func add(_ op: any Operator, _ inputs: [Int]? = nil) throws -> Int {
        let inputs = inputs ?? [last]
        let made = try op.outputShapes(for: inputs.map { shapes[$0] })
        last = try graph.addNode("\(op.name)\(graph.nodes.count)", op, inputs: inputs)
        shapes += made
        return last
    }

    @discardableResult
    private mutating func conv(
        _ channels: Int, _ kernel: Int = 1, groups: Int = 1, bias: Bool = true, from input: Int? = nil
    ) throws -> Int {
        var op = Conv()
        (op.channels, op.kernel, op.groups, op.bias, op.padding) = (channels, PerAxis([kernel]), groups, bias, .same)
        return try add(op, input.map { [$0] })
    }

    private mutating func addBlock(using generator: inout SeededGenerator) throws {
        let (start, width) = (last, channels)
        let other = [2, 4, 6].pick(&generator)
        switch Int.random(in: 0..<12, using: &generator) {
        case 0:  // A residual block.
            try conv(other, 3, bias: false)
            try add(BatchNorm())
            try add([Relu(), Sigmoid(), Exp(), LeakyRelu()].pick(&generator))
            try conv(width, 3)
            try add(BatchNorm())
            try add(Add(), [last, start])
        case 1:  // A block with an option-A shortcut.
            try conv(2 * width, 3)
            let main = try add(BatchNorm())
            let low = Int.random(in: 0...width, using: &generator)
            try add(Identity(), [start])
            try add(Pad(axes: [1], before: [low], after: [width - low]))
            try add(Add(), [main, last])
        case 2:  // Branches that are joined.
            let left = try conv(other, 1)
            let right = try conv(4, 3, from: start)
            try add(Concat(), [right, left] + (Bool.random(using: &generator) ? [start] : []))
        case 3:  // Depthwise, with more channels than before now and then.
            try conv(width * [1, 2].pick(&generator), 3, groups: width)
            try add(BatchNorm())
        case 4:  // Groups.
            let groups = [2, 3].first { width % $0 == 0 } ?? 1
            try conv(groups * [2, 4].pick(&generator), 3, groups: groups)
        case 5:
            try add([Prelu(), Tanh(), InstanceNorm(), HardSwish()].pick(&generator))
            if shapes[last].dimensions.last ?? 1 > 3 { try add(pool([MaxPool.name, ""].pick(&generator))) }
        case 6:  // Halves that are swapped.
            guard width % 2 == 0 else { return }
            let first = try add(Split(parts: 2))
            try conv(width / 2, 1, from: first)
            try add(Concat(), [first + 1, last])
        case 7:  // Shuffled channels of groups.
            guard width % 2 == 0 else { return }
            let shape = shapes[last].dimensions
            try conv(width, 1, groups: 2)
            try add(Reshape(shape: [shape[0], 2, width / 2] + shape[2...]))
            try add(Transpose(order: [0, 2, 1, 3, 4]))
            try add(Reshape(shape: shape))
        case 8:  // Squeeze and excitation.
            try add(GlobalAveragePool())
            try conv(2)
            try add(Relu())
            try conv(width)
            try add(Sigmoid())
            try add(Multiply(), [start, last])
        case 9:
            var op = ConvTranspose()
            (op.channels, op.kernel, op.stride) = (other, 2, 1)
            op.groups = [1, 1, 2].filter { width % $0 == 0 && other % $0 == 0 }.pick(&generator)
            try add(op)
        case 10:  // A part of the channels.
            let end = [width, width - 1].pick(&generator)
            if Bool.random(using: &generator) {
                try add(Slice(axes: [1], starts: [width > 2 ? 1 : 0], ends: [end]))
            } else {
                try add(Slice(axes: [-1, 1], steps: [1, -1]))
            }
        default:  // What needs all channels.
            try add([LocalResponseNorm(), Softmax(), Absolute()].pick(&generator))
        }
    }

    private func pool(_ name: String) -> any Operator {
        if name == MaxPool.name {
            var op = MaxPool()
            op.kernel = 2
            return op
        }
        var op = AveragePool()
        op.kernel = 2
        return op
    }

    private mutating func addHead(using generator: inout SeededGenerator) throws {
        switch Int.random(in: 0..<4, using: &generator) {
        case 0:
            try add(GlobalAveragePool())
            try add(Flatten())
        case 1:
            try add(Reduce(.mean, axes: [2, 3], keepAxes: false))
        case 2:  // Columns as a sequence.
            try add(Reduce(.max, axes: [2], keepAxes: false))
            try add(Transpose(order: [2, 0, 1]))
            var lstm = Lstm()
            (lstm.hidden, lstm.direction) = (3, [.forward, .bidirectional].pick(&generator))
            try add(lstm)
            return
        default: try add(Flatten())
        }
        for features in [5, 3] {
            var op = Linear()
            op.features = features
            try add(op)
            if features == 5 { try add(BatchNorm()) }
        }
    }
}
