import Tessera
import TesseraTestSupport
import Testing

/// What comes back from lossless codecs, against numbers that are computed here.
@Suite struct LosslessWeightTests {
    private let codecs = Registry<any WeightCodec>.builtin

    private static let names = [
        "context", "png", "webp", "jpeg2000", "jpegxl", "ffv1", "h264", "hevc", "av1", "flac", "wavpack", "xz", "zstd",
        "brotli",
    ]

    private func random(_ shape: Shape, _ generator: inout SeededGenerator) throws -> Tensor {
        try Tensor((0..<shape.elementCount).map { _ in Float.random(in: -1...1, using: &generator) }, shape: shape)
    }

    private func encode(_ tensor: Tensor, _ name: String, block: Int = 8, matrices: Int = 1, bits: Int = 8) throws
        -> EncodedLayer
    {
        var settings = LayerSettings(name, try codecs.make(name))
        settings.rounding = .intervals(bits: bits, perChannel: false)
        settings.block = WeightBlock(inputs: block, outputs: block)
        return try LayerEncoder(CompressibleTensor("w", tensor, matrices: matrices)).encode(settings)
    }

    @Test(
        "every kind of layer comes back as the middles of its intervals, films of many frames as well",
        arguments: names,
        [8, 16])
    func middles(name: String, bits: Int) throws {
        for seed in propertySeeds(2) {
            var generator = SeededGenerator(seed: seed)
            func size(_ limit: Int) -> Int { Int.random(in: 1...limit, using: &generator) }
            let layers: [(shape: Shape, matrices: Int)] = [
                // A linear layer of 81 to 121 blocks, a convolution, and the gates of an LSTM.
                ([66 + size(22), 66 + size(22)], 1), ([size(12), size(12), size(4), size(4)], 1),
                ([4 * size(9), size(20)], 4),
            ]
            for (shape, matrices) in layers {
                let tensor = try random(shape, &generator)
                let layer = try encode(tensor, name, matrices: matrices, bits: bits)
                let file = try CompressedWeightFile(
                    bytes: CompressedWeights(layers: [layer], exact: nil).encoded(), named: "the file", codecs: codecs,
                    threads: 2)
                let (found, given) = (try file.tensor("w"), tensor.reals())
                #expect(found.shape == shape)
                let (low, high) = (given.min() ?? 0, given.max() ?? 0)
                let step = (high - low) / Double(1 << bits)
                for (value, weight) in zip(found.reals(), given) where step > 0 {
                    let number = min((weight - low) / step, Double((1 << bits) - 1)).rounded(.down)
                    let middle = low + (number + 0.5) * step
                    // What lies on a border may be of either interval, and f32 has 24 bits.
                    guard abs(value - middle) > 1e-6, abs(abs(value - weight) - step / 2) > 1e-6 else { continue }
                    Issue.record("TESSERA_SEED=\(seed): \(name), \(shape): \(weight) came back as \(value)")
                    return
                }
            }
        }
    }

    @Test("weights that are 0 take few bytes", arguments: ["context", "zstd", "png"])
    func zeros(name: String) throws {
        var generator = SeededGenerator(seed: 4)
        let dense = try random([64, 32, 3, 3], &generator)
        let pruned = try Tensor(dense.reals().map { abs($0) < 0.8 ? 0 : Float($0) }, shape: dense.shape)
        let (many, few) = (try encode(dense, name), try encode(pruned, name))
        #expect(few.byteCount * 9 < many.byteCount * 5, "\(few.byteCount) and \(many.byteCount) bytes")
        #expect(zip(few.decoded.reals(), pruned.reals()).allSatisfy { ($0 == 0) == ($1 == 0) })
    }

    @Test("a film finds blocks that were there before", arguments: ["h264", "hevc", "av1"])
    func motion(name: String) throws {
        var generator = SeededGenerator(seed: 6)
        let block = try random([64, 64], &generator)
        // Eight blocks below each other, which are frames: the same, and others.
        let same = try Tensor((0..<8).flatMap { _ in block.reals().map { Float($0) } }, shape: [512, 64])
        let other = try random([512, 64], &generator)
        let (few, many) = (try encode(same, name, block: 64).byteCount, try encode(other, name, block: 64).byteCount)
        #expect(few * 3 < many, "\(few) and \(many) bytes")
    }

    @Test("the gates of a network's LSTM are pictures of their own")
    func gates() throws {
        let network = try Modules.builtin.loader.load(TestFiles.network("activity"))
        let weights = try network.compressibleTensors().weights
        #expect(weights.filter { $0.name.hasPrefix("lstm.") }.map(\.matrices) == [4, 4])
        #expect(weights.filter { !$0.name.hasPrefix("lstm.") }.allSatisfy { $0.matrices == 1 })
    }
}
