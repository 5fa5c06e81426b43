import Tessera
import TesseraTestSupport
import Testing

/// METHODS.md A3: the derivation of sub-maps, with coordinates worked out by hand.
@Suite struct TileTests {
    /// image 1x12x10 -> conv1 3x3, padding 1 -> conv2 3x3, stride 2, padding 1 -> pool 2x2: 12x10, 12x10, 6x5, 3x2.
    private func network() throws -> BoundGraph {
        var network = try NetworkSketch(1, 12, 10)
        try network.add("conv1", NetworkSketch.conv(2, 3, padding: 1))
        try network.add("conv2", NetworkSketch.conv(4, 3, stride: 2, padding: 1))
        try network.add("pool", NetworkSketch.pool())
        return try network.bound(random: 1)
    }

    private func plan(rows: [Range<Int>]) throws -> Plan {
        let graph = try network()
        let output = try graph.graph.value(named: "pool")
        let tiles = rows.enumerated().map { TileChoice(node: $0, region: Region([0..<1, 0..<4, $1, 0..<2])) }
        return try Plan(
            graph, nodes: rows.count, choices: [StageChoice(output: output, tiles: tiles)], strategy: "hand")
    }

    @Test("sub-maps of three strips through two convolutions and a pool")
    func coordinates() throws {
        let plan = try plan(rows: [0..<1, 1..<2, 2..<3])
        // Row r of the pool reads rows 2r ... 2r+1 of conv2; those read 2(2r)-1 ... 2(2r+1)+1 of conv1; one more each of the image.
        let rows = [
            (pool: 0..<1, conv2: 0..<2, conv1: 0..<4, image: 0..<5),
            (pool: 1..<2, conv2: 2..<4, conv1: 3..<8, image: 2..<9),
            (pool: 2..<3, conv2: 4..<6, conv1: 7..<12, image: 6..<12),
        ]
        for (tile, rows) in zip(plan.stages[0].tiles, rows) {
            #expect(tile.region == Region([0..<1, 0..<4, rows.pool, 0..<2]))
            #expect(
                tile.layers.map(\.region) == [
                    // Columns 0 ..< 4 of conv2 are read, so 0 ..< 8 of conv1, so 0 ..< 9 of the image.
                    Region([0..<1, 0..<2, rows.conv1, 0..<8]), Region([0..<1, 0..<4, rows.conv2, 0..<4]), tile.region,
                ])
            #expect(tile.inputs.map(\.region) == [Region([0..<1, 0..<1, rows.image, 0..<9])])
        }
        #expect(plan.stages[0].tiles[1].inputs[0].region.pixelLabel == "(0,2)-(8,8)")
    }

    @Test("bytes and operations of a tile, by hand")
    func cost() throws {
        let plan = try plan(rows: [0..<1, 1..<2, 2..<3])
        let tile = plan.stages[0].tiles[1]
        #expect(tile.inputByteCount == 7 * 9 * 4)
        #expect(tile.outputByteCount == 4 * 1 * 2 * 4)
        let (conv1, conv2) = (5 * 8 * 2 * 9, 2 * 4 * 4 * 2 * 9)
        #expect(tile.layers.map(\.multiplyAccumulates) == [conv1, conv2, 0])
        #expect(tile.convolutionMultiplyAccumulates(in: plan.graph.graph) == conv1 + conv2)

        // All tiles over the whole: rows 4 + 5 + 5 of 12 and columns 8 of 10 of conv1, rows 2 + 2 + 2 and columns 4 of 5 of conv2.
        let whole = 12 * 10 * 2 * 9 + 6 * 5 * 4 * 2 * 9
        let tiles = 14 * 8 * 2 * 9 + 6 * 4 * 4 * 2 * 9
        #expect(plan.spanMultiplyAccumulates == whole)
        #expect(abs(plan.redundancy - Double(tiles) / Double(whole)) < 1e-12)
        #expect(abs(plan.speedupBound - Double(whole) / Double(conv1 + conv2)) < 1e-12)
        #expect(plan.bytesMoved == (5 + 7 + 6) * 9 * 4 + 3 * 4 * 2 * 4)
        #expect(plan.loads(of: plan.stages[0]) == [4 * 8 * 18 + conv2, conv1 + conv2, 5 * 8 * 18 + conv2])
    }

    @Test("padding is left only where a tile touches the border of the whole map")
    func padding() throws {
        let plan = try plan(rows: [0..<1, 1..<2, 2..<3])
        let paddings = try plan.stages[0].tiles.map { tile in
            try tile.network(in: plan.graph).graph.nodes.compactMap { ($0.op as? Conv)?.padding }
        }
        // [top, left, bottom, right]: the left border is everybody's; the right one nobody's, as the pool drops a column.
        #expect(paddings[0] == [.explicit([1, 1, 0, 0]), .explicit([1, 1, 0, 0])])
        #expect(paddings[1] == [.explicit([0, 1, 0, 0]), .explicit([0, 1, 0, 0])])
        #expect(paddings[2] == [.explicit([0, 1, 1, 0]), .explicit([0, 1, 0, 0])])
    }

    @Test("a value with two readers is made once, as large as both need, and each takes its part")
    func twoReaders() throws {
        var network = try NetworkSketch(1, 9, 9)
        let stem = try network.add("stem", Relu())
        let wide = try network.add("wide", NetworkSketch.conv(1, 5, padding: 2), stem)
        try network.add("sum", Add(), wide, stem)
        let graph = try network.bound(random: 2)
        let regions = [0..<3, 3..<9].map { Region([0..<1, 0..<1, $0, 0..<9]) }
        let tiles = regions.enumerated().map { TileChoice(node: $0, region: $1) }
        let plan = try Plan(
            graph, nodes: 2, choices: [StageChoice(output: graph.graph.value(named: "sum"), tiles: tiles)],
            strategy: "hand")
        let tile = plan.stages[0].tiles[0]
        #expect(tile.layers.map { $0.region[2] } == [0..<5, 0..<3, 0..<3])
        let part = try tile.network(in: graph)
        #expect(part.graph.nodes.map(\.name) == ["stem", "wide", "sum~1", "sum"])
        #expect(part.shapes[part.graph.outputs[0].value] == [1, 1, 3, 9])
    }

    @Test("nothing is cut off a map for a convolution that does not reach its end, unless padding begins there")
    func unreadEnd() throws {
        // Of 8 rows, windows of 1 with stride 2 see rows 0 ... 6, windows of 3 rows 0 ... 8, where row 8 is padding.
        var network = try NetworkSketch(2, 8, 8)
        let stem = try network.add("stem", Relu())
        let main = try network.add("main", NetworkSketch.conv(2, 3, stride: 2, padding: 1), stem)
        let shortcut = try network.add("shortcut", NetworkSketch.conv(2, 1, stride: 2), stem)
        try network.add("sum", Add(), main, shortcut)
        let graph = try network.bound(random: 3)
        let tiles = [0..<2, 2..<4].enumerated().map { TileChoice(node: $0, region: Region([0..<1, 0..<2, $1, 0..<4])) }
        let plan = try Plan(
            graph, nodes: 2, choices: [StageChoice(output: graph.graph.value(named: "sum"), tiles: tiles)],
            strategy: "hand")
        // The first tile makes rows 0 ..< 4 of the stem, of which the shortcut reads 0 ..< 3; the second rows 3 ..< 8, of which it
        // reads 4 ..< 7.
        #expect(
            try plan.stages[0].tiles.map { try $0.network(in: graph).graph.nodes.map(\.name) } == [
                ["stem", "main", "shortcut", "sum"], ["stem", "main", "shortcut~0", "shortcut", "sum"],
            ])
        let inputs = ["image": try Tensor((0..<128).map(Float.init), shape: [1, 2, 8, 8])]
        let whole = try Session(graph, backend: OneDNNBackend()).run(inputs)
        #expect(try plan.run(inputs, backend: OneDNNBackend()) == whole)
        let conv = NetworkSketch.conv(2, 3, stride: 2, padding: 1)
        // Row 7 is padded after 6: another row there would be seen.
        #expect(!conv.ignoresEnd(of: [1, 2, 8, 7], after: [1, 2, 7, 7]))
        #expect(NetworkSketch.conv(2, 1, stride: 2).ignoresEnd(of: [1, 2, 8, 7], after: [1, 2, 7, 7]))
        #expect(!NetworkSketch.conv(2, 1, stride: 2).ignoresEnd(of: [1, 2, 9, 7], after: [1, 2, 7, 7]))
    }

    @Test("a tile of one half of a concatenation along the height needs only that half's branch")
    func unreadBranch() throws {
        var network = try NetworkSketch(1, 6, 6)
        let image = network.last
        let top = try network.add("top", NetworkSketch.conv(1), image)
        let bottom = try network.add("bottom", NetworkSketch.conv(1), image)
        var joined = Concat()
        joined.axis = 2
        try network.add("joined", joined, top, bottom)
        let graph = try network.bound(random: 4)
        let tiles = [0..<5, 5..<12].enumerated().map {
            TileChoice(node: $0, region: Region([0..<1, 0..<1, $1, 0..<6]))
        }
        let plan = try Plan(
            graph, nodes: 2, choices: [StageChoice(output: graph.graph.value(named: "joined"), tiles: tiles)],
            strategy: "hand")
        #expect(plan.stages[0].tiles[0].layers.map(\.node) == [0, 2])
        #expect(plan.stages[0].tiles[1].layers.map(\.node) == [0, 1, 2])
        #expect(plan.stages[0].tiles[1].layers[0].region == Region([0..<1, 0..<1, 5..<6, 0..<6]))
        let inputs = ["image": try Tensor((0..<36).map(Float.init), shape: [1, 1, 6, 6])]
        let whole = try Session(graph, backend: OneDNNBackend()).run(inputs)
        #expect(try plan.run(inputs, backend: OneDNNBackend()) == whole)
    }

    @Test("a layer of which a reader takes channels that cannot be made alone makes all of them")
    func partialChannels() throws {
        var network = try NetworkSketch(4, 6, 6)
        var grouped = NetworkSketch.conv(8)
        grouped.groups = 2
        try network.add("grouped", grouped)
        try network.add("some", Slice(axes: [1], starts: [1], ends: [6]))
        let graph = try network.bound(random: 5)
        let plan = try Plan(graph, nodes: 2, strategy: FusedGrid(), named: "fused-grid")
        #expect(plan.stages[0].tiles[0].layers.map { $0.region[1] } == [0..<8, 0..<5])
        let inputs = ["image": try Tensor((0..<144).map(Float.init), shape: [1, 4, 6, 6])]
        let whole = try Session(graph, backend: OneDNNBackend()).run(inputs)
        #expect(try plan.run(inputs, backend: OneDNNBackend()) == whole)
    }

    @Test("a tile that owns all channels makes all channels of the layers before, so that the same kernels are chosen")
    func slicedChannels() throws {
        var network = try NetworkSketch(1, 6, 6)
        try network.add("conv", NetworkSketch.conv(8))
        let some = try network.add("some", Slice(axes: [1], starts: [0], ends: [4]))
        let graph = try network.bound()
        let whole = try Plan(graph, nodes: 2, strategy: FusedGrid(), named: "fused-grid")
        #expect(whole.stages[0].tiles[0].layers.map { $0.region[1] } == [0..<8, 0..<4])
        let halves = [0..<2, 2..<4].map { TileChoice(node: 0, region: Region([0..<1, $0, 0..<6, 0..<6])) }
        let split = try Plan(graph, nodes: 1, choices: [StageChoice(output: some, tiles: halves)], strategy: "channels")
        #expect(split.stages[0].tiles[1].layers.map { $0.region[1] } == [2..<4, 2..<4])
    }

    @Test("a tile of a network without weights cannot become a network: the missing weight is named")
    func withoutWeights() throws {
        var network = try NetworkSketch(1, 4, 4)
        try network.add("conv", NetworkSketch.conv(1))
        let plan = try Plan(network.bound(), nodes: 1, strategy: Vertical(), named: "vertical")
        expectError(.notFound, "'conv' has no weight 'weight'") { try plan.stages[0].tiles[0].network(in: plan.graph) }
    }
}
