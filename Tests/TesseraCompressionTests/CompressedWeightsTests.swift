import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// Files of compressed weights: what is written comes back, and what is damaged is refused.
@Suite struct CompressedWeightsTests {
    private let codecs = Registry<any WeightCodec>.builtin

    private func random(_ shape: Shape, _ generator: inout SeededGenerator) throws -> Tensor {
        try Tensor((0..<shape.elementCount).map { _ in Float.random(in: -1...1, using: &generator) }, shape: shape)
    }

    private func file(_ bytes: [UInt8], threads: Int = 2) throws -> CompressedWeightFile {
        try CompressedWeightFile(bytes: bytes, named: "the file", codecs: codecs, threads: threads)
    }

    private func weights(_ layers: [EncodedLayer], _ exact: [(name: String, tensor: Tensor)]) throws
        -> CompressedWeights
    {
        try CompressedWeights(
            layers: layers,
            exact: exact.isEmpty ? nil : ExactTensors(exact, codecName: "xz", codec: codecs.make("xz")))
    }

    @Test(
        "layers of all kinds come back as they were rounded, by every lossless codec, and exact tensors to the bit",
        arguments: propertySeeds(14))
    func roundTrip(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        func size(_ limit: Int) -> Int { Int.random(in: 1...limit, using: &generator) }
        let names = [
            "context", "png", "webp", "jpeg2000", "jpegxl", "ffv1", "h264", "hevc", "av1", "flac", "wavpack", "xz",
            "zstd", "brotli",
        ]
        #expect(
            try codecs.modules.filter { try codecs.make($0.name).isLossless }.map(\.name).sorted() == names.sorted())
        let name = names[Int(seed) % names.count]
        let codec = try codecs.make(name)
        var layers: [EncodedLayer] = []
        for (index, shape) in [[size(30), size(30)], [size(12), size(12), size(4), size(4)], [1, 1, 1, 1]].enumerated()
        {
            var settings = LayerSettings(name, codec)
            settings.rounding =
                [
                    .intervals(bits: [8, 16][size(2) - 1], perChannel: size(2) == 1), .grid(step: 0.1),
                    .dependent(step: 0.7),
                ][(index + Int(seed)) % 3]
            settings.block = WeightBlock(inputs: size(9), outputs: size(9), width: size(3), height: size(3))
            settings.reorders = size(2) == 1
            let tensor = try random(Shape(shape), &generator)
            layers.append(try LayerEncoder(CompressibleTensor("w\(index)", tensor, matrices: size(3))).encode(settings))
        }
        let exact = [
            ("bias", try random([7], &generator)), ("counter", try Tensor(integers: [1 << 40, -3], shape: [2])),
            ("empty", try Tensor(zeros: [0])),
        ]
        let bytes = try weights(layers, exact).encoded()
        let tensors = try file(bytes).tensors()
        #expect(tensors.count == layers.count + exact.count)
        for layer in layers { #expect(tensors[layer.entry.name] == layer.decoded, "seed \(seed), \(name)") }
        for (name, tensor) in exact { #expect(tensors[name] == tensor, "seed \(seed)") }
        #expect(try file(bytes, threads: 1).tensors() == tensors)
    }

    @Test("integers come back as they are, of any number of bits", arguments: [2, 4, 8], ["context", "png", "hevc"])
    func integers(bits: Int, name: String) throws {
        var generator = SeededGenerator(seed: 5)
        let tensor =
            bits == 8
            ? try Tensor(
                elements: (0..<15 * 27).map { _ in Int8.random(in: -127...127, using: &generator) },
                shape: [15, 3, 3, 3])
            : try Tensor(
                elements: (0..<15 * 13).map { _ in UInt8.random(in: 0...255, using: &generator) }, shape: [15, 13])
        let source = CompressibleTensor("q", tensor, integerBits: bits)
        let layer = try LayerEncoder(source).encode(LayerSettings(name, codecs.make(name)))
        #expect(layer.decoded == tensor)
        #expect(try file(weights([layer], []).encoded()).tensor("q") == tensor)
        expectError(.notSupported, "q", "lossless codecs keep") {
            try LayerEncoder(source).encode(LayerSettings("jpeg", codecs.make("jpeg")))
        }
    }

    @Test("large layers are cut into parts, decoded by several threads")
    func parts() throws {
        var generator = SeededGenerator(seed: 8)
        let tensor = try random([3000, 1500], &generator)
        var settings = LayerSettings("zstd", try codecs.make("zstd", .map([("level", 1.configuration)])))
        settings.rounding = .intervals(bits: 8, perChannel: true)
        let layer = try LayerEncoder(CompressibleTensor("w", tensor)).encode(settings)
        #expect(layer.entry.parts.count == 2)
        #expect(try file(weights([layer], []).encoded()).tensor("w") == layer.decoded)
    }

    @Test("a file that is cut off anywhere, or has any altered byte, is refused with what is damaged")
    func damage() throws {
        var generator = SeededGenerator(seed: 3)
        let layers = try ["first", "second"].map {
            try LayerEncoder(CompressibleTensor($0, random([20, 30], &generator))).encode(
                LayerSettings("png", codecs.make("png")))
        }
        let bytes = try weights(layers, [("bias", random([50], &generator))]).encoded()
        for count in stride(from: 0, to: bytes.count, by: 7) {
            expectError(.malformedFile) { try file(Array(bytes.prefix(count))) }
        }
        expectError(.malformedFile, "found \(bytes.count + 1)") { try file(bytes + [0]) }
        for index in bytes.indices {
            var altered = bytes
            altered[index] ^= 1
            #expect(throws: TesseraError.self, "byte \(index)") { try file(altered).tensors() }
        }
        let ends = layers.map(\.byteCount)
        let exactBytes = try #require(try file(bytes).index.exact?.byteCount)
        let start = bytes.count - exactBytes - ends[0] - ends[1]
        func altering(_ index: Int) throws -> [String: Tensor] {
            var altered = bytes
            altered[index] ^= 0xFF
            return try file(altered).tensors()
        }
        expectError(.malformedFile, "first", "damaged") { try altering(start + 40) }
        expectError(.malformedFile, "second", "damaged") { try altering(start + ends[0] + 40) }
        expectError(.malformedFile, "bias", "damaged") { try altering(bytes.count - 3) }
        expectError(.malformedFile, "second", "cut off") { try file(Array(bytes.prefix(start + ends[0] + 3))) }
    }

    @Test("weights that are no numbers are refused with the layer's name")
    func noNumbers() throws {
        let tensor = try Tensor([1, .nan], shape: [1, 2])
        expectError(.invalidArgument, "conv7.weight", "finite") {
            try LayerEncoder(CompressibleTensor("conv7.weight", tensor)).encode(LayerSettings("xz", codecs.make("xz")))
        }
    }

    @Test("a picture that is too wide for a codec is refused with the layer's name, and cut if it is too high")
    func pictureSizes() throws {
        var generator = SeededGenerator(seed: 2)
        expectError(.limitExceeded, "wide", "16383") {
            try LayerEncoder(CompressibleTensor("wide", random([1, 16384], &generator))).encode(
                LayerSettings("webp", codecs.make("webp")))
        }
        let high = try LayerEncoder(CompressibleTensor("high", random([16384, 1], &generator))).encode(
            LayerSettings("webp", codecs.make("webp")))
        #expect(high.entry.parts.count == 2)
    }

    @Test("the entropy of numbers, by hand")
    func entropy() {
        #expect(OrderZeroEntropy.bits(of: [1, 1, 2, 2, 3, 3, 4, 4]) == 16)
        #expect(OrderZeroEntropy.bits(of: [5, 5, 5]) == 0)
    }
}
