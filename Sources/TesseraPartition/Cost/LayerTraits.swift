import TesseraCore
import TesseraOperators

/// What of a layer decides what it costs, whatever part of it is made.
struct LayerTraits: Sendable {
    /// Whether it is computed within the layer before it, as an activation after a convolution is, and so costs nothing itself.
    let isMerged: Bool
    let weights: [ParameterSpecification]
    /// Bytes of its weights.
    let weightByteCount: Int
    let signature: String
    let operatorName: String

    /// The traits of every layer, by its identifier.
    static func all(of graph: BoundGraph) -> [LayerTraits] {
        let readers = graph.graph.soleReaders
        var absorbs = [Bool](repeating: false, count: graph.graph.nodes.count)
        return graph.graph.nodes.enumerated().map { id, node in
            let source = node.inputs.first
            let producer = source.flatMap { graph.graph.values[$0].producer }
            let isMerged =
                node.op.isPointwise && node.inputs.count == 1 && node.outputs.count == 1
                && source.map { readers[$0] == id } == true && producer.map { absorbs[$0] } == true
            absorbs[id] = isMerged || node.op is Conv || node.op is ConvTranspose || node.op is Linear
            let parameters = (try? node.op.parameters(for: graph.inputShapes(of: node))) ?? []
            let bytes = parameters.reduce(0) {
                Shape.saturatingSum(
                    $0, Shape.saturatingProduct($1.shape.elementCount, $1.elementType.byteCount))
            }
            return LayerTraits(
                isMerged: isMerged, weights: parameters, weightByteCount: bytes,
                signature: CostModel.signature(of: node, in: graph), operatorName: node.op.name)
        }
    }
}

extension CostModel {
    /// What layers have in common that take the same time for the same size of output: their kind, their keys, and the channels that
    /// they read. A bias costs nothing, and folding adds one.
    public static func signature(of node: Graph.Node, in graph: BoundGraph) -> String {
        let channels = graph.inputShapes(of: node).map { $0.rank > 1 ? String($0[1]) : "-" }
        let keys = ((try? node.op.configuration.entries()) ?? []).filter { $0.key != "bias" }
        return "\(node.op.name) \(Configuration(.map(keys)).flow) of \(channels.joined(separator: ", "))"
    }
}
