import Tessera
import TesseraTestSupport
import Testing

@Suite struct WeightLayoutTests {
    private func samples(_ layout: any WeightLayout, _ geometry: WeightGeometry) throws -> WeightFrames {
        let frames = try layout.frames(of: geometry)
        let numbers = (0..<geometry.count).map { UInt16($0) }
        return numbers.withUnsafeBufferPointer {
            frames.samples(of: $0, frames: 0..<frames.count, rows: 0..<frames.height, bits: 16)
        }
    }

    @Test("by hand: a linear layer is one image, inputs wide and outputs high (B3)")
    func linear() throws {
        let frames = try samples(ImageLayout(), WeightGeometry([2, 3]))
        #expect(frames.format == FrameFormat(width: 3, height: 2, bits: 16))
        #expect(frames.samples == [0, 1, 2, 3, 4, 5])
    }

    @Test("by hand: kernels of a convolution stand beside and below each other (B4)")
    func convolution() throws {
        // Two outputs, two inputs, kernels of 2 rows and 3 columns.
        let frames = try samples(ImageLayout(), WeightGeometry([2, 2, 2, 3]))
        #expect(frames.format == FrameFormat(width: 6, height: 4, bits: 16))
        #expect(
            frames.samples == [
                0, 1, 2, 6, 7, 8,
                3, 4, 5, 9, 10, 11,
                12, 13, 14, 18, 19, 20,
                15, 16, 17, 21, 22, 23,
            ])
    }

    @Test("by hand: each gate of an LSTM is an image (B5)")
    func recurrent() throws {
        let frames = try samples(ImageLayout(), WeightGeometry([4, 2], matrices: 2))
        #expect(frames.format == FrameFormat(width: 2, height: 2, count: 2, bits: 16))
        #expect(frames.samples == [0, 1, 2, 3, 4, 5, 6, 7])
    }

    @Test("by hand: blocks of a linear layer are frames, and the last ones are padded (B6)")
    func linearBlocks() throws {
        let frames = try samples(BlockLayout(WeightBlock(inputs: 2, outputs: 2)), WeightGeometry([2, 3]))
        #expect(frames.format == FrameFormat(width: 2, height: 2, count: 2, bits: 16))
        #expect(frames.samples == [0, 1, 3, 4, 2, 2, 5, 5])
    }

    @Test("by hand: blocks of a convolution, which may cut kernels (B7)")
    func convolutionBlocks() throws {
        let block = WeightBlock(inputs: 2, outputs: 1, width: 1, height: 2)
        let frames = try samples(BlockLayout(block), WeightGeometry([1, 2, 2, 2]))
        #expect(frames.format == FrameFormat(width: 2, height: 2, count: 2, bits: 16))
        // The first frame has the left columns of both kernels, the second the right ones.
        #expect(frames.samples == [0, 4, 2, 6, 1, 5, 3, 7])
    }

    @Test("by hand: sound has the weights in their order (B8)")
    func sequence() throws {
        let frames = try samples(SequenceLayout(), WeightGeometry([2, 2, 1, 2]))
        #expect(frames.format == FrameFormat(width: 4, height: 2, bits: 16))
        #expect(frames.samples == Array(0..<8))
    }

    @Test("every weight comes back from every layout, whatever its shape and the block", arguments: propertySeeds(60))
    func roundTrip(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        func size(_ limit: Int) -> Int { Int.random(in: 1...limit, using: &generator) }
        let shape: Shape =
            switch size(5) {
            case 1: [size(40)]
            case 2: [size(20), size(20)]
            case 3: [size(9), size(9), size(5)]
            case 4: [size(9), size(9), size(5), size(5)]
            default: [size(5), size(5), size(3), size(3), size(3)]
            }
        let geometry = WeightGeometry(shape, matrices: size(4))
        #expect(geometry.count == shape.elementCount, "seed \(seed)")
        let block = WeightBlock(
            inputs: size(12), outputs: size(12), width: size(2) == 1 ? nil : size(6),
            height: size(2) == 1 ? nil : size(6))
        let numbers = (0..<geometry.count).map { _ in UInt16.random(in: 0...65535, using: &generator) }
        let layouts: [any WeightLayout] = [ImageLayout(), BlockLayout(block), SequenceLayout()]
        for layout in layouts {
            let frames = try layout.frames(of: geometry)
            let samples = numbers.withUnsafeBufferPointer {
                frames.samples(of: $0, frames: 0..<frames.count, rows: 0..<frames.height, bits: 16)
            }
            #expect(samples.samples.count == frames.sampleCount, "seed \(seed)")
            #expect(frames.numbers(of: samples) == numbers, "seed \(seed), \(layout)")
        }
    }

    @Test("blocks of no weights, and layers larger than any memory, are refused")
    func limits() {
        expectError(.invalidArgument, "at least one weight") {
            try BlockLayout(WeightBlock(inputs: 0, outputs: 4)).frames(of: WeightGeometry([4, 4]))
        }
        expectError(.limitExceeded, "samples") {
            try ImageLayout().frames(of: WeightGeometry([1 << 40, 1 << 40]))
        }
    }

    @Test("by hand: samples that are listed, the second one of a weight as padding")
    func listed() throws {
        let geometry = WeightGeometry([2, 2])
        // Two frames of one row: the last weight, the first, the last again; then the others and the first again.
        let places: [Int32] = [3, 0, 3, 1, 2, 0]
        let frames = try FrameLayout(of: geometry, width: 3, height: 1, count: 2, places: places)
        let numbers: [UInt16] = [10, 11, 12, 13]
        let samples = numbers.withUnsafeBufferPointer {
            frames.samples(of: $0, frames: 0..<2, rows: 0..<1, bits: 8)
        }
        #expect(samples.samples == [13, 10, 13, 11, 12, 10])
        // What padding became on the way does not count.
        let changed = WeightFrames(samples.format, samples: [13, 10, 99, 11, 12, 99])
        #expect(frames.numbers(of: changed) == numbers)
        let fromOne = try FrameLayout(
            of: geometry, width: 3, height: 1, count: 2, places: places.map { $0 + 1 }, firstPlace: 1)
        #expect(fromOne == frames)
    }

    @Test("samples that are listed must be those of all weights, and of nothing else")
    func wrongLists() {
        func frames(_ places: [Int32], width: Int = 2, height: Int = 2, count: Int = 1, firstPlace: Int = 0) throws {
            _ = try FrameLayout(
                of: WeightGeometry([2, 2]), width: width, height: height, count: count, places: places,
                firstPlace: firstPlace)
        }
        expectError(.invalidArgument, "found none for that at place 2") { try frames([0, 1, 1, 3]) }
        expectError(.invalidArgument, "found none for that at place 3") { try frames([1, 2, 2, 4], firstPlace: 1) }
        expectError(.invalidArgument, "places from 0 to 3, found 4 for sample 2") { try frames([0, 1, 4, 3]) }
        expectError(.invalidArgument, "places from 0 to 3, found -2 for sample 1") { try frames([0, -2, 1, 3]) }
        expectError(.invalidArgument, "places from 1 to 4, found 0 for sample 1") {
            try frames([0, 1, 2, 3], firstPlace: 1)
        }
        expectError(.invalidArgument, "places of 4 samples", "found 3") { try frames([0, 1, 2]) }
        expectError(.invalidArgument, "at least one sample, found 1 of 0x2") { try frames([], width: 0) }
        expectError(.invalidArgument, "at least one sample", "-2x-2") {
            try frames([0, 1, 2, 3], width: -2, height: -2)
        }
        expectError(.limitExceeded, "134217728 samples") { try frames([0], width: .max, height: 3) }
        expectError(.limitExceeded, "134217728 weights") {
            try FrameLayout(of: WeightGeometry([1 << 40, 1 << 40]), width: 1, height: 1, count: 1, places: [0])
        }
    }

    @Test("layouts that are built in do what each has to", arguments: WeightLayoutConformance.Check.allCases)
    func conformance(_ check: WeightLayoutConformance.Check) throws {
        let registry = Registry<any WeightLayout>.builtin
        #expect(registry.names == ["blocks", "image", "sequence"])
        for name in registry.names { try WeightLayoutConformance(registry.make(name), seed: 7).run(check) }
        let small = try registry.make("blocks", .map([("block", [3, 2, 2, 1].configuration)]))
        try WeightLayoutConformance(small, seed: 7).run(check)
    }

    @Test("blocks take two sizes or four, and say so")
    func blockSizes() throws {
        let registry = Registry<any WeightLayout>.builtin
        let layout = try registry.make("blocks", .map([("block", [3, 2, 2, 1].configuration)]))
        let block = try #require(layout as? BlockLayout).block
        #expect(block == WeightBlock(inputs: 3, outputs: 2, width: 2, height: 1))
        #expect(block.configuration == [3, 2, 2, 1].configuration)
        expectError(.invalidArgument, "'block' of 2 or 4 sizes from 1, found 3, 2, 1") {
            try registry.make("blocks", .map([("block", [3, 2, 1].configuration)]))
        }
        expectError(.notFound, "unknown weight layout 'blokcs', did you mean 'blocks'?") { try registry.make("blokcs") }
    }
}
