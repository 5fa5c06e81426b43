import TesseraCore
import TesseraPartition

/// The hashes of a task's weights, whole or in the regions that nodes need.
struct TaskWeights {
    private let graph: GraphDescription
    private let regions: [WeightPart: ContentHash]

    init(_ layers: TaskMessage.Layers) throws {
        graph = layers.graph
        regions = try Dictionary(layers.parts.map { (try $0.part(), $0.hash) }) { first, _ in first }
    }

    /// Nil for what the task does not have.
    subscript(part: WeightPart) -> ContentHash? {
        part.region == nil ? graph.hash(ofLayer: part.layer, weight: part.name) : regions[part]
    }

    /// The regions that the nodes of a plan need in place of whole weights.
    static func regions(of plan: Plan) throws -> [(region: TaskMessage.WeightRegion, part: WeightPart)] {
        let parts = try Set((0..<plan.nodeCount).flatMap { try plan.weights(ofNode: $0) })
        return try parts.compactMap { part in
            try part.tensor(in: plan.graph).map { (TaskMessage.WeightRegion(part, hash: ContentHash($0)), part) }
        }
    }
}

extension WeightPart {
    /// The region of the weight; nil for what is not a region, and for a weight that the graph does not have.
    func tensor(in graph: BoundGraph) throws -> Tensor? {
        guard let region, let whole = graph.parameters[layer][name] else { return nil }
        return try whole.cropped(to: region)
    }
}

extension TaskMessage.WeightRegion {
    init(_ part: WeightPart, hash: ContentHash) {
        self.init(layer: part.layer, name: part.name, region: part.region?.bounds ?? [], hash: hash)
    }

    func part() throws -> WeightPart { WeightPart(layer: layer, name: name, region: try Region(bounds: region)) }
}

extension Region {
    /// The region of these half-open ranges.
    ///
    /// - Throws: `protocolViolation` for what are no ranges.
    init(bounds: [[Int]]) throws {
        self.init(
            try bounds.map { bounds in
                guard bounds.count == 2, bounds[0] <= bounds[1] else {
                    throw TesseraError(.protocolViolation, "expected a range, found \(bounds)")
                }
                return bounds[0]..<bounds[1]
            })
    }
}
