import Tessera
import TesseraTestSupport
import Testing

@Suite struct FusedGridTests {
    @Test("the grid is as square as the nodes allow, and more tiles than nodes take turns")
    func grid() throws {
        let graph = try network()
        func regions(_ nodes: Int, _ tiles: [Int]? = nil) throws -> [TileChoice] {
            try plan(graph, nodes: nodes, tiles: tiles).stages[0].choice.tiles
        }
        let quarters = [(0..<5, 0..<6), (0..<5, 6..<11), (5..<9, 0..<6), (5..<9, 6..<11)]
        #expect(try regions(4).map(\.region) == quarters.map { Region([0..<1, 0..<2, $0, $1]) })
        #expect(try regions(6).map(\.region[3]) == [0..<6, 6..<11, 0..<6, 6..<11, 0..<6, 6..<11])
        #expect(try regions(7).map(\.region[3]) == [Range<Int>](repeating: 0..<11, count: 7))
        #expect(try regions(3, [2, 2]).map(\.node) == [0, 1, 2, 0])
        #expect(try regions(2, [1, 3]).map(\.region[3]) == [0..<4, 4..<8, 8..<11])
    }

    @Test("a grid finer than the map leaves out what would be empty, without leaving nodes out")
    func finerThanTheMap() throws {
        let tiles = try plan(network(), nodes: 200, tiles: [100, 2]).stages[0].choice.tiles
        #expect(tiles.count == 18)
        #expect(tiles.map(\.node) == Array(0..<18))
        #expect(tiles.allSatisfy { $0.region[2].count == 1 })
    }

    @Test("maps are put together after the layers named, by layer or by kind, and at the end")
    func cuts() throws {
        var network = try NetworkSketch(1, 16, 16)
        try network.add("conv1", NetworkSketch.conv(2))
        try network.add("pool1", NetworkSketch.pool())
        try network.add("conv2", NetworkSketch.conv(2))
        try network.add("pool2", NetworkSketch.pool())
        try network.add("conv3", NetworkSketch.conv(2))
        let graph = try network.bound()
        func outputs(_ cutAfter: String...) throws -> [String] {
            try plan(graph, nodes: 4, cutAfter: cutAfter).stages.map { graph.graph.values[$0.output].name }
        }
        #expect(try outputs() == ["conv3"])
        #expect(try outputs("max_pool") == ["pool1", "pool2", "conv3"])
        #expect(try outputs("conv2", "pool1") == ["pool1", "conv2", "conv3"])
        #expect(try outputs("conv3") == ["conv3"])
        #expect(try outputs("conv", "pool2", "pool2") == ["conv1", "conv2", "pool2", "conv3"])
        expectError(.invalidArgument, "cannot be cut after 'pol2', did you mean 'pool2'?") { try outputs("pol2") }
        let cut = try plan(graph, nodes: 4, cutAfter: ["max_pool"])
        #expect(cut.stages.map(\.layers) == [[0, 1], [2, 3], [4]])
        #expect(cut.stages[1].tiles[0].inputs.map(\.value) == [cut.stages[0].output])
    }

    @Test("a grid that is none is refused", arguments: [[2], [2, 2, 2], [0, 1], [1, -1], [5000, 1]])
    func badGrids(tiles: [Int]) {
        expectError(.invalidArgument, "'tiles' expects rows and columns") {
            try Registry<any PartitionStrategy>.builtin.make("fused-grid", .map([("tiles", tiles.configuration)]))
        }
    }

    /// conv: 1x1x9x11 to 1x2x9x11.
    private func network() throws -> BoundGraph {
        var network = try NetworkSketch(1, 9, 11)
        try network.add("conv", NetworkSketch.conv(2))
        return try network.bound()
    }

    private func plan(_ graph: BoundGraph, nodes: Int, tiles: [Int]? = nil, cutAfter: [String] = []) throws -> Plan {
        var strategy = FusedGrid()
        (strategy.tiles, strategy.cutAfter) = (tiles, cutAfter)
        return try Plan(graph, nodes: nodes, strategy: strategy, named: "fused-grid")
    }
}
