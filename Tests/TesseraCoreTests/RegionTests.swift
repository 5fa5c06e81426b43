import TesseraCore
import TesseraTestSupport
import Testing

@Suite struct RegionTests {
    @Test("union and intersection of small boxes agree with counting the points of both")
    func setAlgebra() {
        let ranges = [0..<0, 0..<1, 0..<3, 1..<2, 1..<4, 2..<4, 3..<4]
        let boxes = ranges.flatMap { y in ranges.map { x in Region([y, x]) } }
        for a in boxes {
            for b in boxes {
                let (inA, inB) = (points(of: a), points(of: b))
                let common = inA.intersection(inB)
                #expect(points(of: a.intersection(b)) == common, "\(a) and \(b)")
                #expect((a.intersection(b) == nil) == common.isEmpty, "\(a) and \(b)")
                #expect(a.contains(b) == inB.isSubset(of: inA), "\(a) and \(b)")
                #expect(points(of: a.union(b)) == hull(inA.union(inB)), "\(a) and \(b)")
            }
        }
    }

    @Test("a union is the smallest box around both, and an empty one adds nothing")
    func union() {
        #expect(Region([0..<2, 5..<6]).union(Region([1..<4, 0..<1])) == Region([0..<4, 0..<6]))
        let box = Region([3..<5, 7..<9])
        #expect(box.union(Region([0..<0, 0..<20])) == box)
        #expect(Region([100..<100, 0..<1]).union(box) == box)
    }

    @Test("coordinates relative to a frame are what a crop of the frame holds")
    func relative() throws {
        let whole = try Tensor((0..<60).map(Float.init), shape: [5, 12])
        let (frame, inner) = (Region([1..<5, 2..<11]), Region([2..<4, 3..<10]))
        #expect(inner.relative(to: frame) == Region([1..<3, 1..<8]))
        #expect(try whole.cropped(to: frame).cropped(to: inner.relative(to: frame)) == whole.cropped(to: inner))
    }

    @Test("a sub-map is labelled with x before y, both corners inclusive (A2)")
    func pixelLabel() {
        #expect(Region([0..<1, 0..<64, 3..<8, 10..<21]).pixelLabel == "(10,3)-(20,7)")
        #expect(Region([0..<2, 0..<1, 0..<1, 0..<1]).pixelLabel == "(0,0)-(0,0)")
        #expect(Region([3..<8, 10..<21]).pixelLabel == "[3..<8, 10..<21]")
        #expect(Region([0..<1, 0..<1, 4..<4, 0..<2]).pixelLabel == "[0..<1, 0..<1, 4..<4, 0..<2]")
    }

    @Test("shape, count and replacement")
    func properties() {
        let region = Region([2..<5, 0..<4])
        #expect(region.shape == [3, 4])
        #expect(region.elementCount == 12)
        #expect(region.replacing(axis: 1, with: 1..<2) == Region([2..<5, 1..<2]))
        #expect(Region(whole: [3, 0]).isEmpty)
        #expect(Region(whole: []).elementCount == 1)
        #expect(!Region(whole: []).isEmpty)
        #expect(Region(whole: [-4, 2]) == Region([0..<0, 0..<2]))
    }

    private struct Point: Hashable {
        var y: Int
        var x: Int
    }

    private func points(of region: Region?) -> Set<Point> {
        guard let region else { return [] }
        return Set(region[0].flatMap { y in region[1].map { Point(y: y, x: $0) } })
    }

    private func hull(_ points: Set<Point>) -> Set<Point> {
        guard let top = points.map(\.y).min(), let bottom = points.map(\.y).max(), let left = points.map(\.x).min(),
            let right = points.map(\.x).max()
        else { return [] }
        return Set((top...bottom).flatMap { y in (left...right).map { Point(y: y, x: $0) } })
    }
}
