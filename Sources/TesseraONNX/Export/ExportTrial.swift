import Synchronization
import TesseraCore
import TesseraNetwork

/// What is learned of a network by binding it to some sizes for those it leaves open: ranks, types, and its weights.
struct ExportTrial {
    private let binder: GraphBinder
    /// The weights of every layer, by its name.
    let parameters: [String: [String: Tensor]]

    /// - Parameter sizes: what the names of open sizes stand for, where it matters.
    /// - Throws: `notFound` for a name that no open size has, and what binding throws if no size that is tried fits.
    init(_ network: Network, sizes: [String: Int]) throws {
        let open = network.graph.inputs.flatMap(\.shape.dimensions).filter { $0.fixedSize == nil }
        let names = Set(open.map(\.description)).sorted()
        if let unknown = sizes.keys.sorted().first(where: { !names.contains($0) }) {
            throw TesseraError(
                .notFound,
                "the network leaves no size '\(unknown)' open" + suggestion(for: unknown, among: names), path: "sizes")
        }
        var failure: (any Error)?
        for (batch, size) in Self.candidates {
            do {
                try self.init(network, sizes: sizes, batch: batch, size: size)
                return
            } catch {
                failure = failure ?? error
                // Without open sizes there is nothing else to try.
                if network.graph.inputs.allSatisfy({ $0.shape.concrete != nil }) { throw error }
            }
        }
        throw failure ?? TesseraError(.invalidArgument, "the network cannot be bound")
    }

    /// Pairs of a batch size and another size; common picture sizes first.
    private static let candidates = [224, 256, 64, 32, 16, 8, 4, 2, 1, 512].flatMap { [(1, $0), (2, $0)] }

    private init(_ network: Network, sizes: [String: Int], batch: Int, size: Int) throws {
        var shapes: [String: Shape] = [:]
        for input in network.graph.inputs {
            shapes[input.name] = Shape(
                input.shape.dimensions.enumerated().map { axis, dimension in
                    switch dimension {
                    case .fixed(let size): size
                    case .symbol(let name): sizes[name] ?? (axis == 0 ? batch : size)
                    }
                })
        }
        let collected = Mutex<[String: [String: Tensor]]>([:])
        binder = try GraphBinder(network.graph, inputs: shapes) { node, specification in
            let tensor = try network.weight(of: node, specification)
            collected.withLock { $0[node.name, default: [:]][specification.name] = tensor }
            return tensor
        }
        parameters = collected.withLock { $0 }
        inferTypes(of: network.graph)
        inferRanks(of: network.graph)
    }

    /// The type of every value, by its identifier; nil for one that cannot be told.
    private(set) var types: [ElementType?] = []

    /// The number of axes of every value, by its identifier; nil for one that cannot be told.
    private(set) var ranks: [Int?] = []

    /// Types follow from the inputs' even where shapes depend on data.
    private mutating func inferTypes(of graph: Graph) {
        types = graph.values.indices.map { facts(of: $0)?.elementType }
        for node in graph.nodes {
            let inputs = node.inputs.compactMap { types[$0] }
            guard inputs.count == node.inputs.count else { continue }
            // An input that controls the layer may be of another type than those it computes with.
            let outputs =
                (try? node.op.outputTypes(for: inputs)) ?? (try? node.op.outputTypes(for: Array(inputs.prefix(1))))
            for (value, type) in zip(node.outputs, outputs ?? []) { types[value] = types[value] ?? type }
        }
    }

    private mutating func inferRanks(of graph: Graph) {
        let shapes = graph.values.indices.map { binder.facts(of: $0)?.shape }
        ranks = shapes.map { $0?.rank }
        var lengths = shapes.map { $0?.rank == 1 ? $0?[0] : nil }
        for node in graph.nodes where node.outputs.contains(where: { ranks[$0] == nil }) {
            let inference = RankInference(
                node, ranks: node.inputs.map { ranks[$0] }, lengths: node.inputs.map { lengths[$0] })
            for value in node.outputs where ranks[value] == nil {
                ranks[value] = inference.outputRank
                lengths[value] = inference.outputLength
            }
        }
    }

    /// Shape and type of a value; nil if its shape depends on data.
    func facts(of value: Graph.ValueID) -> LayerExport.Facts? { binder.facts(of: value) }
}
