import TesseraCore
import TesseraTestSupport
import Testing

@testable import Tessera

@Suite struct LayeredLayoutTests {
    private func box(_ sources: Int..., width: Double = 100, height: Double = 20) -> LayeredLayout.Box {
        LayeredLayout.Box(width: width, height: height, sources: sources)
    }

    @Test("a chain runs straight down")
    func chain() throws {
        let layout = try LayeredLayout([box(), box(0), box(1, width: 40), box(2)])
        #expect(Set(layout.positions.map { $0.x.rounded() }) == [50])
        #expect(layout.positions.map(\.y) == [0, 50, 100, 150])
        #expect(layout.width.rounded() == 100 && layout.height == 170)
    }

    @Test("branches stand side by side, and what joins them below both")
    func branches() throws {
        let layout = try LayeredLayout([box(), box(0), box(0), box(1, 2)])
        let (left, right) = (layout.positions[1], layout.positions[2])
        #expect(left.y == right.y && abs(left.x - right.x) >= 100)
        #expect(abs(layout.positions[0].x - (left.x + right.x) / 2) < 1)
        #expect(layout.positions[3].y > left.y)
    }

    @Test("what reads nothing stands right above what reads it")
    func constants() throws {
        let layout = try LayeredLayout([box(), box(), box(0), box(2), box(3, 1)])
        #expect(layout.positions[1].y == layout.positions[3].y)
    }

    @Test("boxes never overlap, edges run down and pass by boxes, whatever the graph", arguments: 0..<40)
    func properties(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let boxes = (0..<30).map { index in
            LayeredLayout.Box(
                width: Double.random(in: 40...200, using: &generator),
                height: Double.random(in: 20...120, using: &generator),
                sources: index == 0
                    ? []
                    : Array(
                        Set(
                            (0..<Int.random(in: 0...3, using: &generator)).map { _ in
                                Int.random(in: max(0, index - 9)..<index, using: &generator)
                            })
                    ).sorted())
        }
        let layout = try LayeredLayout(boxes)
        func sides(_ index: Int) -> (left: Double, right: Double, top: Double, bottom: Double) {
            let position = layout.positions[index]
            let half = boxes[index].width / 2
            return (position.x - half, position.x + half, position.y, position.y + boxes[index].height)
        }
        for a in boxes.indices {
            for b in boxes.indices where a < b {
                let (first, second) = (sides(a), sides(b))
                let areApart =
                    first.right <= second.left || second.right <= first.left || first.bottom <= second.top
                    || second.bottom <= first.top
                #expect(areApart, "\(a) and \(b)")
            }
            #expect(sides(a).left >= -0.001 && sides(a).right <= layout.width + 0.001)
        }
        #expect(layout.edges.count == boxes.map(\.sources.count).reduce(0, +))
        for edge in layout.edges {
            #expect(zip(edge.points, edge.points.dropFirst()).allSatisfy { $0.y <= $1.y })
            for point in edge.points.dropFirst().dropLast() {
                let isInside = boxes.indices.contains { index in
                    let side = sides(index)
                    return point.x > side.left && point.x < side.right && point.y > side.top && point.y < side.bottom
                }
                #expect(!isInside, "\(edge)")
            }
        }
    }

    @Test("what is too large to be drawn is refused, not drawn for ever")
    func limits() {
        // Every box reads the first one: half a million places that edges pass by.
        let boxes = (0..<1000).map {
            LayeredLayout.Box(width: 10, height: 10, sources: $0 == 0 ? [] : Array(Set([0, $0 - 1])))
        }
        expectError(.limitExceeded, "too large to be drawn") { try LayeredLayout(boxes) }
    }
}
