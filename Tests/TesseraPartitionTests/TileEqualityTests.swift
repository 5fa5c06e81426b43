import Tessera
import TesseraTestSupport
import Testing

/// METHODS.md A5: a partitioned run gives the answer that one device gives.
@Suite struct TileEqualityTests {
    @Test("random networks, cut anywhere into any tiles, equal the whole to the bit")
    func anyPlanEqualsTheWhole() throws {
        for seed in propertySeeds(400) {
            var generator = SeededGenerator(seed: seed)
            let graph = try RandomNetwork.make(using: &generator)
            do {
                guard let plan = try Plan.random(graph, using: &generator) else { continue }
                if let problem = try plan.accountingProblem() {
                    Issue.record("TESSERA_SEED=\(seed): \(problem)\n\(graph.listing)\n\(plan)")
                }
                let inputs = try graph.randomInputs(using: &generator)
                let options = CompileOptions(threads: Int.random(in: 1...2, using: &generator))
                let whole = try Session(graph, backend: OneDNNBackend(), options: options).run(inputs)
                let stitched = try plan.run(inputs, backend: OneDNNBackend(), options: options)
                for (name, expected) in whole where stitched[name] != expected {
                    Issue.record("TESSERA_SEED=\(seed): '\(name)' differs\n\(graph.listing)\n\(plan)")
                }
            } catch {
                Issue.record("TESSERA_SEED=\(seed): \(error)\n\(graph.listing)")
            }
        }
    }

    /// Channels in and out, kernel, stride, height and width. Kernels block wide layers by the size of the map and by how its rows
    /// fall into the cache.
    static let wideLayers: [(Int, Int, Int, Int, Int, Int)] = [
        (128, 128, 1, 1, 13, 13), (512, 128, 1, 1, 28, 28), (1024, 256, 1, 1, 14, 14), (512, 1024, 1, 1, 13, 13),
        (2048, 512, 1, 1, 7, 7), (256, 512, 1, 1, 32, 32), (128, 64, 1, 1, 128, 128), (96, 24, 1, 1, 56, 56),
        (70, 33, 1, 1, 40, 24), (256, 512, 1, 2, 56, 56), (512, 256, 3, 1, 14, 14), (256, 128, 3, 2, 28, 28),
        (64, 64, 3, 1, 56, 56), (1024, 64, 3, 1, 13, 13), (128, 32, 5, 1, 32, 32),
    ]

    @Test("wide convolutions, cut into rows and grids, equal the whole to the bit", arguments: wideLayers)
    func wide(channels: Int, outputs: Int, kernel: Int, stride: Int, height: Int, width: Int) throws {
        var network = try NetworkSketch(channels, height, width)
        let conv = NetworkSketch.conv(outputs, PerAxis([kernel]), stride: PerAxis([stride]), padding: kernel / 2)
        let output = try network.add("conv", conv)
        let graph = try network.bound(random: 21)
        let shape = graph.shapes[output]
        var generator = SeededGenerator(seed: 22)
        let inputs = try graph.randomInputs(using: &generator)
        for threads in [1, 2] {
            let options = CompileOptions(threads: threads)
            let whole = try Session(graph, backend: OneDNNBackend(), options: options).run(inputs)
            for (rows, columns) in [(4, 1), (2, 2), (1, 5)] {
                let tiles = (0..<rows * columns).map { node in
                    let (row, column) = (node / columns, node % columns)
                    let region = Region([
                        0..<1, 0..<outputs, row * shape[2] / rows..<(row + 1) * shape[2] / rows,
                        column * shape[3] / columns..<(column + 1) * shape[3] / columns,
                    ])
                    return TileChoice(node: node, region: region)
                }
                let plan = try Plan(
                    graph, nodes: tiles.count, choices: [StageChoice(output: output, tiles: tiles)], strategy: "grid")
                #expect(try plan.run(inputs, backend: OneDNNBackend()) == whole, "\(rows)x\(columns)")
            }
        }
    }

    @Test("parts along channels equal the whole, where they keep to whole groups and vectors", arguments: [1, 3])
    func channelParts(groups: Int) throws {
        var network = try NetworkSketch(48, 9, 7)
        var conv = NetworkSketch.conv(96)
        conv.groups = groups
        try network.add("conv", conv)
        try network.add("bn", BatchNorm())
        let output = try network.add("relu", Relu())
        let graph = try network.bound(random: 11)
        let tiles = [0..<32, 32..<64, 64..<96].enumerated().map {
            TileChoice(node: $0, region: Region([0..<1, $1, 0..<9, 0..<7]))
        }
        let plan = try Plan(graph, nodes: 3, choices: [StageChoice(output: output, tiles: tiles)], strategy: "channels")
        #expect(plan.redundancy == 1)
        var generator = SeededGenerator(seed: 12)
        let inputs = try graph.randomInputs(using: &generator)
        let whole = try Session(graph, backend: OneDNNBackend()).run(inputs)
        #expect(try plan.run(inputs, backend: OneDNNBackend()) == whole)
    }
}
