import PartitionStrategies
import TesseraCore
import TesseraPartition

/// A built-in strategy with random options that fit a span.
public struct RandomStrategy {
    public let name: String
    public let strategy: any PartitionStrategy

    /// The strategy of that name; nil if this does not know its options.
    public init?(_ name: String, for span: Span, nodes: Int, using generator: inout SeededGenerator) {
        self.name = name
        let axis = [SpatialAxis.height, .width].pick(&generator)
        let cut = span.cutPoints.isEmpty ? nil : span.cutPoints.pick(&generator)
        let cuts = Bool.random(using: &generator) ? [] : cut.map { [span.graph.graph.values[$0].name] } ?? []
        let speeds =
            Bool.random(using: &generator) ? nil : (0..<nodes).map { _ in [1, 1, 2, 0.5, 4].pick(&generator) }
        switch name {
        case Vertical.name:
            var vertical = Vertical()
            vertical.axis = axis
            strategy = vertical
        case FusedGrid.name:
            var grid = FusedGrid()
            grid.tiles = [nil, [1, 1], [2, 2], [3, 1], [1, 4]].pick(&generator)
            grid.cutAfter = cuts
            strategy = grid
        case Strips.name:
            var strips = Strips()
            (strips.axis, strips.cutAfter, strips.speeds) = (axis, cuts, speeds)
            strategy = strips
        case Layerwise.name:
            var layerwise = Layerwise()
            (layerwise.axis, layerwise.speeds) = (axis, speeds)
            strategy = layerwise
        case Channel.name:
            var channel = Channel()
            (channel.after, channel.axis, channel.speeds) = (cuts, axis, speeds)
            strategy = channel
        case Pipeline.name:
            var pipeline = Pipeline()
            pipeline.speeds = speeds
            strategy = pipeline
        case Auto.name:
            var auto = Auto()
            auto.objective = [.latency, .throughput, .memory].pick(&generator)
            strategy = auto
        default: return nil
        }
    }
}
