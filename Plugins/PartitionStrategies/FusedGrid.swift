import TesseraCore
import TesseraPartition

/// Blocks of layers, each cut into a grid of tiles: the maps are put together and cut anew after chosen layers, so that halos
/// do not grow over the whole span.
public struct FusedGrid: PartitionStrategy, Configurable {
    public static let name = "fused-grid"
    public static let summary = "blocks of layers, each in a grid of tiles"

    /// Rows and columns of the grid; as square as the number of nodes allows if left out.
    public var tiles: [Int]?
    /// The layers after which the maps are put together; the span's end always is one.
    public var cutAfter: [String] = []

    public init() {}

    public static let keys: [Key<FusedGrid>] = [
        Key("tiles", \.tiles, "rows and columns of the grid; as square as possible if left out"),
        Key("cut_after", \.cutAfter, "layers, or kinds of layers such as max_pool, after which maps are put together"),
    ]

    public func validate() throws {
        guard let tiles else { return }
        guard tiles.count == 2, tiles.allSatisfy({ (1...4096).contains($0) }) else {
            throw TesseraError(.invalidArgument, "'tiles' expects rows and columns, 1 to 4096 each, found \(tiles)")
        }
    }

    public func stages(for span: Span, nodes: Int) throws -> [StageChoice] {
        let grid = tiles ?? Self.squarest(nodes)
        return try span.cuts(after: cutAfter).map { output in
            let whole = Region(whole: span.graph.shapes[output])
            let regions = whole[2].divided(into: grid[0]).flatMap { rows in
                whole[3].divided(into: grid[1]).map {
                    whole.replacing(axis: 2, with: rows).replacing(axis: 3, with: $0)
                }
            }
            // More tiles than nodes: the nodes take turns.
            let choices = regions.filter { !$0.isEmpty }.enumerated().map { TileChoice(node: $0 % nodes, region: $1) }
            return StageChoice(output: output, tiles: choices)
        }
    }

    /// The two factors of `count` that are nearest each other, the larger one first.
    static func squarest(_ count: Int) -> [Int] {
        let columns = (1...max(count, 1)).last { $0 * $0 <= count && count % $0 == 0 } ?? 1
        return [count / columns, columns]
    }
}
