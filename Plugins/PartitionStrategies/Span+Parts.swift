import TesseraCore
import TesseraOperators
import TesseraPartition

extension Span {
    /// A stage whose map is cut along one axis into contiguous parts, one for each node in order, such that the node that takes
    /// longest takes as little time as possible: where a part has two neighbours, and so two halos, it is thinner.
    ///
    /// - Parameters:
    ///   - available: the outputs of the stages before.
    ///   - boundaries: where it may be cut, 0 and the axis' size included, in ascending order; anywhere if left out.
    ///   - speeds: the relative speed of every node.
    func stage(
        _ output: Graph.ValueID, from available: Set<Graph.ValueID>, along axis: Int, at boundaries: [Int]? = nil,
        speeds: [Double]
    ) throws -> StageChoice {
        let layers = layers(making: output, from: available)
        let whole = Region(whole: graph.shapes[output])
        let boundaries = boundaries ?? Array(0...whole[axis].count)
        func region(_ part: Range<Int>) -> Region {
            whole.replacing(axis: axis, with: boundaries[part.lowerBound]..<boundaries[part.upperBound])
        }
        let convolves = layers.contains { graph.graph.nodes[$0].op.isConvolution }
        let parts = try BalancedDivision.parts(boundaries.count - 1, speeds: speeds) { part in
            let tile = try tile(region(part), of: output, layers: layers)
            // Without convolutions, what is made counts.
            return convolves
                ? tile.convolutionMultiplyAccumulates(in: graph.graph)
                : tile.layers.reduce(0) { Shape.saturatingSum($0, $1.region.elementCount) }
        }
        return StageChoice(
            output: output,
            tiles: parts.enumerated().filter { !$1.isEmpty }.map { TileChoice(node: $0, region: region($1)) })
    }

    /// The speeds of nodes, all the same if they are not given.
    ///
    /// - Throws: `invalidArgument` unless there is one for each.
    static func speeds(_ speeds: [Double]?, nodes: Int) throws -> [Double] {
        guard let speeds else { return [Double](repeating: 1, count: nodes) }
        guard speeds.count == nodes else {
            throw TesseraError(
                .invalidArgument, "'speeds' expects a number for each of \(nodes) nodes, found \(speeds.count)")
        }
        // Sums of large ones may be none.
        let fastest = speeds.max() ?? 1
        return speeds.map { $0 / fastest }
    }

    /// - Throws: `invalidArgument` unless every speed is a number above 0, and none so much more than another that parts cannot be told.
    static func checkSpeeds(_ speeds: [Double]?) throws {
        guard let speeds else { return }
        guard let slowest = speeds.min(), let fastest = speeds.max(), slowest > 0,
            speeds.allSatisfy(\.isFinite), slowest / fastest >= 1e-12
        else {
            throw TesseraError(
                .invalidArgument, "'speeds' expects numbers above 0, none 10^12 times another, found \(speeds)")
        }
    }
}
