import TesseraCore
import TesseraTestSupport
import Testing

@Suite struct TensorRegionTests {
    @Test("crop and paste move the elements that indices say, for 0 to 5 axes", arguments: 0...5)
    func cropAndPaste(rank: Int) throws {
        var generator = SeededGenerator(seed: UInt64(rank))
        for _ in 0..<20 {
            let shape = Shape((0..<rank).map { _ in Int.random(in: 1...4, using: &generator) })
            let region = Region(
                shape.dimensions.map { size in
                    let start = Int.random(in: 0..<size, using: &generator)
                    return start..<Int.random(in: start + 1...size, using: &generator)
                })
            let whole = try Tensor((0..<shape.elementCount).map(Float.init), shape: shape)
            let offsets = offsets(of: region, in: shape)
            let cropped = try whole.cropped(to: region)
            #expect(cropped.shape == region.shape)
            #expect(try cropped.floats() == offsets.map(Float.init), "\(region) of \(shape)")

            var target = whole
            try target.paste(Tensor(offsets.map { _ in -1 }, shape: region.shape), at: region)
            let expected = (0..<shape.elementCount).map { offsets.contains($0) ? -1 : Float($0) }
            #expect(try target.floats() == expected, "\(region) of \(shape)")
            #expect(
                try whole.floats() == (0..<shape.elementCount).map(Float.init), "the source of a copy is left alone")
        }
    }

    @Test("a part of one tensor comes over a part of another, of axes that are cut and of whole ones", arguments: 1...5)
    func pasteParts(rank: Int) throws {
        var generator = SeededGenerator(seed: UInt64(100 + rank))
        for _ in 0..<60 {
            let counts = (0..<rank).map { _ in Int.random(in: 1...3, using: &generator) }
            // More than the part along half of the axes.
            func around() -> (shape: Shape, region: Region) {
                let margins = counts.map { _ in
                    (
                        before: Bool.random(using: &generator) ? 0 : Int.random(in: 0...2, using: &generator),
                        after: Bool.random(using: &generator) ? 0 : 1
                    )
                }
                let sizes = zip(counts, margins).map { $0 + $1.before + $1.after }
                return (Shape(sizes), Region(zip(counts, margins).map { $1.before..<$1.before + $0 }))
            }
            let (from, to) = (around(), around())
            let source = try Tensor((0..<from.shape.elementCount).map { Float($0) + 1 }, shape: from.shape)
            var target = try Tensor(zeros: to.shape)
            try target.paste(from.region, of: source, at: to.region)
            var expected = [Float](repeating: 0, count: to.shape.elementCount)
            for (a, b) in zip(offsets(of: from.region, in: from.shape), offsets(of: to.region, in: to.shape)) {
                expected[b] = Float(a) + 1
            }
            #expect(
                try target.floats() == expected,
                "\(from.region) of \(from.shape) to \(to.region) of \(to.shape), seed \(100 + rank)")
        }
    }

    @Test("elements of any width are moved whole", arguments: ElementType.allCases)
    func elementTypes(type: ElementType) throws {
        var whole = try Tensor(zeros: [3, 4], elementType: type)
        whole.withUnsafeMutableBytes { for index in $0.indices { $0[index] = UInt8(index) } }
        let size = type.byteCount
        let cropped = try whole.cropped(to: Region([1..<3, 2..<3]))
        let expected = [6, 10].flatMap { element in (0..<size).map { UInt8(element * size + $0) } }
        #expect(cropped.withUnsafeBytes(Array.init) == expected)
        var target = try Tensor(zeros: [3, 4], elementType: type)
        try target.paste(cropped, at: Region([1..<3, 2..<3]))
        #expect(try target.cropped(to: Region([1..<3, 2..<3])) == cropped)
        #expect(target.withUnsafeBytes { $0.count { $0 != 0 } } == expected.count)
    }

    @Test("an empty region gives an empty tensor and pastes nothing")
    func empty() throws {
        var whole = try Tensor([1, 2, 3, 4], shape: [2, 2])
        let none = Region([1..<1, 0..<2])
        let cropped = try whole.cropped(to: none)
        #expect(cropped.shape == [0, 2])
        #expect(cropped.byteCount == 0)
        try whole.paste(cropped, at: none)
        #expect(try whole.floats() == [1, 2, 3, 4])
        let nothing = try Tensor(zeros: [0, 3])
        #expect(try nothing.cropped(to: Region(whole: [0, 3])) == nothing)
    }

    @Test("regions outside, of another rank, or of another shape or type than the tile are refused")
    func errors() throws {
        var whole = try Tensor(zeros: [2, 3])
        expectError(.shapeMismatch, "2x3", "[0..<3, 0..<1]") { try whole.cropped(to: Region([0..<3, 0..<1])) }
        expectError(.shapeMismatch) { try whole.cropped(to: Region([-1..<1, 0..<1])) }
        expectError(.shapeMismatch) { try whole.cropped(to: Region([0..<1])) }
        expectError(.shapeMismatch) { try whole.cropped(to: Region([0..<1, 0..<1, 0..<1])) }
        expectError(.shapeMismatch, "1x1 f32", "1x2 f32") {
            try whole.paste(Tensor(zeros: [1, 2]), at: Region([0..<1, 0..<1]))
        }
        expectError(.shapeMismatch, "1x1 i8") {
            try whole.paste(Tensor(zeros: [1, 1], elementType: .i8), at: Region([0..<1, 0..<1]))
        }
        expectError(.shapeMismatch) { try whole.paste(Tensor(zeros: [1, 1]), at: Region([2..<3, 0..<1])) }
    }

    @Test(
        "pasting into a tensor that nobody shares writes in place: stitching many tiles must not copy the map each time"
    )
    func pastesInPlace() throws {
        var map = try Tensor(zeros: [64, 64])
        let before = map.withUnsafeBytes(\.baseAddress)
        try map.paste(Tensor([1], shape: [1, 1]), at: Region([5..<6, 7..<8]))
        #expect(map.withUnsafeBytes(\.baseAddress) == before)
    }

    /// The row-major offsets of the elements of `region`, by going through all indices of the tensor.
    private func offsets(of region: Region, in shape: Shape) -> [Int] {
        (0..<shape.elementCount).filter { offset in
            var rest = offset
            for axis in stride(from: shape.rank - 1, through: 0, by: -1) {
                guard region[axis].contains(rest % shape[axis]) else { return false }
                rest /= shape[axis]
            }
            return true
        }
    }
}
