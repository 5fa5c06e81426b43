import Tessera
import TesseraTestSupport
import Testing

/// Redundancy and largest speed-up of equal tiles, against a separate program that computes them from layer shapes alone.
@Suite struct PartitioningBoundTests {
    typealias Row = (tiles: [Int], redundancy: Double, speedup: Double)

    @Test("YOLOv2's first 16 layers over 608x608, in one stage")
    func yolo() throws {
        try check(
            NetworkSketch.yolo16(), cutAfter: [],
            [
                ([2, 1], 1.115, 1.79), ([4, 1], 1.345, 2.64), ([2, 2], 1.247, 3.21), ([6, 1], 1.575, 3.34),
                ([3, 2], 1.380, 3.89), ([8, 1], 1.805, 4.06), ([4, 2], 1.512, 4.70), ([5, 5], 2.196, 9.09),
            ])
    }

    @Test("VGG-16's convolutions over 224x224, in one stage")
    func vgg() throws {
        try check(
            NetworkSketch.vgg16(), cutAfter: [],
            [
                ([2, 1], 1.597, 1.25), ([4, 1], 2.650, 1.19), ([2, 2], 2.587, 1.55), ([6, 1], 3.682, 1.35),
                ([3, 2], 3.484, 1.36), ([8, 1], 4.537, 1.35), ([4, 2], 4.321, 1.46), ([5, 5], 10.121, 1.47),
            ])
    }

    @Test("VGG-16's convolutions over 224x224, cut after each pool")
    func vggBlocks() throws {
        try check(
            NetworkSketch.vgg16(), cutAfter: ["max_pool"],
            [
                ([2, 1], 1.040, 1.92), ([4, 1], 1.120, 3.29), ([2, 2], 1.085, 3.69), ([6, 1], 1.199, 4.32),
                ([3, 2], 1.130, 4.92), ([8, 1], 1.277, 5.64), ([4, 2], 1.176, 6.24), ([5, 5], 1.405, 14.77),
            ])
    }

    @Test("strips with the same work for every node, against the best of all boundaries, found by dynamic programming")
    func balancedStrips() throws {
        let yolo = try NetworkSketch.yolo16()
        let vgg = try NetworkSketch.vgg16()
        let rows: [(BoundGraph, cutAfter: [String], speedups: [Int: Double])] = [
            (yolo, [], [2: 1.7937, 4: 2.8820, 6: 3.6641, 8: 4.1370]),
            (vgg, [], [2: 1.2520, 4: 1.3750, 6: 1.4951, 8: 1.4951]),
            (vgg, ["max_pool"], [2: 1.9233, 4: 3.4627, 6: 4.6361, 8: 5.6420]),
        ]
        for row in rows {
            for (nodes, speedup) in row.speedups {
                var strategy = Strips()
                strategy.cutAfter = row.cutAfter
                let plan = try Plan(row.0, nodes: nodes, strategy: strategy, named: "strips")
                #expect(abs(plan.speedupBound - speedup) <= 0.000_051, "\(nodes): \(plan.speedupBound)")
            }
        }
    }

    private func check(_ graph: BoundGraph, cutAfter: [String], _ rows: [Row]) throws {
        for row in rows {
            var strategy = FusedGrid()
            (strategy.tiles, strategy.cutAfter) = (row.tiles, cutAfter)
            let plan = try Plan(graph, nodes: row.tiles[0] * row.tiles[1], strategy: strategy, named: "fused-grid")
            #expect(abs(plan.redundancy - row.redundancy) <= 0.000_501, "\(row.tiles): \(plan.redundancy)")
            #expect(abs(plan.speedupBound - row.speedup) <= 0.005_01, "\(row.tiles): \(plan.speedupBound)")
        }
    }
}
