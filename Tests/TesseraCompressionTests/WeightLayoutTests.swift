import Tessera
import TesseraTestSupport
import Testing

@Suite struct WeightLayoutTests {
    private func samples(_ layout: WeightLayout, _ geometry: WeightGeometry) throws -> WeightFrames {
        let frames = try layout.frames(of: geometry)
        let numbers = (0..<geometry.count).map { UInt16($0) }
        return numbers.withUnsafeBufferPointer {
            frames.samples(of: $0, frames: 0..<frames.count, rows: 0..<frames.height, bits: 16)
        }
    }

    @Test("by hand: a linear layer is one image, inputs wide and outputs high (B3)")
    func linear() throws {
        let frames = try samples(.image, WeightGeometry([2, 3]))
        #expect(frames.format == FrameFormat(width: 3, height: 2, bits: 16))
        #expect(frames.samples == [0, 1, 2, 3, 4, 5])
    }

    @Test("by hand: kernels of a convolution stand beside and below each other (B4)")
    func convolution() throws {
        // Two outputs, two inputs, kernels of 2 rows and 3 columns.
        let frames = try samples(.image, WeightGeometry([2, 2, 2, 3]))
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
        let frames = try samples(.image, WeightGeometry([4, 2], matrices: 2))
        #expect(frames.format == FrameFormat(width: 2, height: 2, count: 2, bits: 16))
        #expect(frames.samples == [0, 1, 2, 3, 4, 5, 6, 7])
    }

    @Test("by hand: blocks of a linear layer are frames, and the last ones are padded (B6)")
    func linearBlocks() throws {
        let frames = try samples(.blocks(WeightBlock(inputs: 2, outputs: 2)), WeightGeometry([2, 3]))
        #expect(frames.format == FrameFormat(width: 2, height: 2, count: 2, bits: 16))
        #expect(frames.samples == [0, 1, 3, 4, 2, 2, 5, 5])
    }

    @Test("by hand: blocks of a convolution, which may cut kernels (B7)")
    func convolutionBlocks() throws {
        let block = WeightBlock(inputs: 2, outputs: 1, width: 1, height: 2)
        let frames = try samples(.blocks(block), WeightGeometry([1, 2, 2, 2]))
        #expect(frames.format == FrameFormat(width: 2, height: 2, count: 2, bits: 16))
        // The first frame has the left columns of both kernels, the second the right ones.
        #expect(frames.samples == [0, 4, 2, 6, 1, 5, 3, 7])
    }

    @Test("by hand: sound has the weights in their order (B8)")
    func sequence() throws {
        let frames = try samples(.sequence, WeightGeometry([2, 2, 1, 2]))
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
        for layout in [WeightLayout.image, .blocks(block), .sequence] {
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
            try WeightLayout.blocks(WeightBlock(inputs: 0, outputs: 4)).frames(of: WeightGeometry([4, 4]))
        }
        expectError(.limitExceeded, "samples") {
            try WeightLayout.image.frames(of: WeightGeometry([1 << 40, 1 << 40]))
        }
    }
}
