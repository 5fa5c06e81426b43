import Tessera
import TesseraTestSupport

/// Small and well-known networks to plan, without weights.
struct NetworkSketch {
    private(set) var graph = Graph()
    private(set) var last: Graph.ValueID

    /// A network that reads one picture, or several, named `image`.
    init(_ channels: Int, _ height: Int, _ width: Int, batch: Int = 1) throws {
        last = try graph.addInput("image", shape: SymbolicShape([batch, channels, height, width] as Shape))
    }

    /// Adds a layer over the latest value, or over `inputs`.
    @discardableResult
    mutating func add(_ name: String, _ op: any Operator, _ inputs: Graph.ValueID...) throws -> Graph.ValueID {
        last = try graph.addNode(name, op, inputs: inputs.isEmpty ? [last] : inputs)
        return last
    }

    /// The network with the latest value as its output.
    func bound(random seed: UInt64? = nil) throws -> BoundGraph {
        var graph = graph
        if graph.outputs.isEmpty { try graph.addOutput("out", last) }
        guard let seed else { return try BoundGraph(graph, inputs: [:]) { _, _ in nil } }
        var generator = SeededGenerator(seed: seed)
        return try BoundGraph(graph, inputs: [:]) { _, specification in try .random(specification, using: &generator) }
    }

    static func conv(_ channels: Int, _ kernel: PerAxis = 3, stride: PerAxis = 1, padding: Int? = nil) -> Conv {
        var op = Conv()
        (op.channels, op.kernel, op.stride) = (channels, kernel, stride)
        op.padding = padding.map { .explicit([$0]) } ?? .same
        return op
    }

    static func pool(_ kernel: PerAxis = 2, stride: PerAxis? = nil) -> MaxPool {
        var op = MaxPool()
        (op.kernel, op.stride) = (kernel, stride)
        return op
    }

    /// The first 16 layers of YOLOv2 over 608x608 pictures (Redmon and Farhadi 2017).
    static func yolo16() throws -> BoundGraph {
        var network = try NetworkSketch(3, 608, 608)
        try network.add("conv1", conv(32))
        try network.add("pool1", pool())
        try network.add("conv2", conv(64))
        try network.add("pool2", pool())
        for (index, (channels, kernel)) in [(128, 3), (64, 1), (128, 3)].enumerated() {
            try network.add("conv\(3 + index)", conv(channels, PerAxis([kernel])))
        }
        try network.add("pool3", pool())
        for (index, (channels, kernel)) in [(256, 3), (128, 1), (256, 3)].enumerated() {
            try network.add("conv\(6 + index)", conv(channels, PerAxis([kernel])))
        }
        try network.add("pool4", pool())
        for (index, (channels, kernel)) in [(512, 3), (256, 1), (512, 3), (256, 1)].enumerated() {
            try network.add("conv\(9 + index)", conv(channels, PerAxis([kernel])))
        }
        return try network.bound()
    }

    /// The convolutions of VGG-16 over 224x224 pictures and the pools between them (Simonyan and Zisserman 2015).
    static func vgg16() throws -> BoundGraph {
        var network = try NetworkSketch(3, 224, 224)
        for (block, (channels, count)) in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)].enumerated() {
            for index in 1...count { try network.add("conv\(block + 1)_\(index)", conv(channels)) }
            if block < 4 { try network.add("pool\(block + 1)", pool()) }
        }
        return try network.bound()
    }
}
