import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// Layouts that are not built in: what files say of them, and what becomes of files without them.
@Suite struct RegisteredLayoutTests {
    private let codecs = Registry<any WeightCodec>.builtin

    /// Weights backwards, in rows of 7 samples, whose last one is filled up with the first weight.
    private struct Backwards: WeightLayout {
        /// What is wrong with it.
        var shift = 0
        var isChancy = false

        func frames(of geometry: WeightGeometry) throws -> FrameLayout {
            let rows = (geometry.count - 1) / 7 + 1
            let shift = isChancy ? Int.random(in: 0..<geometry.count) : shift
            let places = (0..<rows * 7).map { sample in
                Int32(max(0, geometry.count - 1 - sample) + shift) % Int32(geometry.count)
            }
            return try FrameLayout(of: geometry, width: 7, height: rows, count: 1, places: places)
        }
    }

    private func layouts(_ layout: any WeightLayout = Backwards()) throws -> Registry<any WeightLayout> {
        var layouts = Registry<any WeightLayout>.builtin
        try layouts.register(Module(name: "backwards", summary: "", takesAnyKey: true) { _ in layout })
        return layouts
    }

    private func file(_ layers: [EncodedLayer], _ layouts: Registry<any WeightLayout>) throws -> CompressedWeightFile {
        try CompressedWeightFile(
            bytes: CompressedWeights(layers: layers, exact: nil).encoded(), named: "the file", codecs: codecs,
            layouts: layouts, threads: 2)
    }

    private func random(_ shape: Shape, _ generator: inout SeededGenerator) throws -> Tensor {
        try Tensor((0..<shape.elementCount).map { _ in Float.random(in: -1...1, using: &generator) }, shape: shape)
    }

    @Test("layers come back from a layout of one's own, by codecs of every kind", arguments: propertySeeds(12))
    func roundTrip(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        func size(_ limit: Int) -> Int { Int.random(in: 1...limit, using: &generator) }
        let names = ["context", "png", "ffv1", "flac", "zstd", "hevc"]
        let name = names[Int(seed) % names.count]
        let options = Configuration.map([("a", 3.configuration), ("b", ["x", "y"].configuration)])
        var layers: [EncodedLayer] = []
        for (index, shape) in [[size(30), size(30)], [size(12), size(12), size(4), size(4)], [1, 1]].enumerated() {
            var settings = LayerSettings(name, try codecs.make(name))
            settings.rounding = .intervals(bits: [8, 16][size(2) - 1], perChannel: size(2) == 1)
            settings.reorders = size(2) == 1
            let tensor = try random(Shape(shape), &generator)
            let source = CompressibleTensor("w\(index)", tensor, matrices: size(3))
            layers.append(try LayerEncoder(source.laidOut(as: "backwards", options, by: layouts())).encode(settings))
            #expect(layers[index].entry.layout == .registered(name: "backwards", options: options), "seed \(seed)")
        }
        let file = try file(layers, layouts())
        #expect(file.index.layers.allSatisfy { $0.layout == .registered(name: "backwards", options: options) })
        let tensors = try file.tensors()
        for layer in layers { #expect(tensors[layer.entry.name] == layer.decoded, "seed \(seed), \(name)") }
        // The same numbers come back whatever the layout.
        let usual = try LayerEncoder(CompressibleTensor("u", random([9, 5], &generator))).encode(
            LayerSettings(name, codecs.make(name)))
        #expect(try self.file([usual], .builtin).tensor("u") == usual.decoded)
    }

    @Test("integers come back as they are, of any number of bits", arguments: [2, 4, 8])
    func integers(bits: Int) throws {
        var generator = SeededGenerator(seed: 5)
        let tensor = try Tensor(
            elements: (0..<15 * 13).map { _ in UInt8.random(in: 0...255, using: &generator) }, shape: [15, 13])
        let source = try CompressibleTensor("q", tensor, integerBits: bits).laidOut(as: "backwards", by: layouts())
        let layer = try LayerEncoder(source).encode(LayerSettings("png", codecs.make("png")))
        #expect(layer.decoded == tensor)
        #expect(try file([layer], layouts()).tensor("q") == tensor)
    }

    @Test("large layers are cut into parts, and many layers are decoded in batches")
    func large() throws {
        var settings = LayerSettings("zstd", try codecs.make("zstd", .map([("level", 1.configuration)])))
        settings.rounding = .intervals(bits: 8, perChannel: false)
        var generator = SeededGenerator(seed: 6)
        let large = CompressibleTensor("large", try random([2100, 2048], &generator))
        let small = CompressibleTensor("small", try random([3, 5], &generator))
        let layers = try [large, small].map {
            try LayerEncoder($0.laidOut(as: "backwards", by: layouts())).encode(settings)
        }
        #expect(layers[0].entry.parts.count == 2)
        // Four entries of the large layer are more than one batch has.
        let many = (0..<4).map { index in
            var layer = layers[0]
            layer.entry.name = "large\(index)"
            return layer
        }
        let tensors = try file(many + [layers[1]], layouts()).tensors()
        #expect(tensors.count == 5 && tensors["small"] == layers[1].decoded)
        for index in 0..<4 { #expect(tensors["large\(index)"] == layers[0].decoded) }
    }

    @Test("a layer without its layout is refused with both names, and one whose layout has changed, too")
    func otherLayouts() throws {
        let tensor = try Tensor((0..<30).map { Float($0) }, shape: [6, 5])
        let source = try CompressibleTensor("body.weight", tensor).laidOut(as: "backwards", by: layouts())
        let layer = try LayerEncoder(source).encode(LayerSettings("zstd", codecs.make("zstd")))
        expectError(.notFound, "body.weight: weight layout 'backwards': expected a plugin that registers it") {
            try file([layer], .builtin).tensors()
        }
        expectError(.malformedFile, "body.weight: the codec 'zstd' and the layout 'backwards' made other weights") {
            try file([layer], layouts(Backwards(shift: 1))).tensors()
        }
    }

    @Test("a layout that breaks its promises is refused before anything is compressed")
    func brokenLayouts() throws {
        struct OfOther: WeightLayout {
            func frames(of geometry: WeightGeometry) throws -> FrameLayout {
                try ImageLayout().frames(of: WeightGeometry(outputs: 2, inputs: geometry.inputs))
            }
        }
        let source = CompressibleTensor("body.weight", try Tensor(zeros: [30, 5]))
        expectError(.invalidArgument, "body.weight: weight layout 'backwards': expected the same frames whenever") {
            try source.laidOut(as: "backwards", by: layouts(Backwards(isChancy: true)))
        }
        expectError(.invalidArgument, "body.weight: weight layout 'backwards': expected frames of 150 weights") {
            try source.laidOut(as: "backwards", by: layouts(OfOther()))
        }
        expectError(.notFound, "did you mean 'backwards'?") { try source.laidOut(as: "backward", by: layouts()) }
    }

    @Test("a layer without weights has no frames, and its layout is not asked")
    func empty() throws {
        let source = try CompressibleTensor("none", Tensor(zeros: [0, 5])).laidOut(as: "backwards", by: layouts())
        let layer = try LayerEncoder(source).encode(LayerSettings("zstd", codecs.make("zstd")))
        #expect(layer.entry.parts.isEmpty)
        #expect(try file([layer], layouts()).tensor("none").shape == [0, 5])
    }

    // MARK: What files say

    @Test("by hand: the index has built-in layouts as it always had, and others with name and options")
    func encoding() throws {
        let cases: [(CompressedWeightIndex.Layout, String)] = [
            (.image, #"{"image":{}}"#), (.sequence, #"{"sequence":{}}"#),
            (.blocks(WeightBlock(inputs: 2, outputs: 3)), #"{"blocks":{"_0":{"inputs":2,"outputs":3}}}"#),
            (
                .blocks(WeightBlock(inputs: 2, outputs: 3, width: 4, height: 5)),
                #"{"blocks":{"_0":{"height":5,"inputs":2,"outputs":3,"width":4}}}"#
            ),
            (
                .registered(name: "taps", options: .map([("film", true.configuration)])),
                #"{"registered":{"name":"taps","options":{"film":true}}}"#
            ),
        ]
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        for (layout, text) in cases {
            #expect(String(decoding: try encoder.encode(layout), as: UTF8.self) == text)
            #expect(try JSONDecoder().decode(CompressedWeightIndex.Layout.self, from: Data(text.utf8)) == layout)
        }
    }

    @Test("a layout that is chosen by its name is in the index as the codec's own is")
    func builtin() throws {
        let source = CompressibleTensor("w", try Tensor((0..<30).map { Float($0) }, shape: [6, 5]))
        let cases: [(String, Configuration, String, [Int])] = [
            ("image", .empty, "png", [32, 32]), ("sequence", .empty, "xz", [32, 32]),
            ("blocks", .map([("block", [2, 3].configuration)]), "ffv1", [2, 3]),
        ]
        for (name, options, codec, block) in cases {
            let settings = LayerSettings(
                codec, try codecs.make(codec), block: WeightBlock(inputs: block[0], outputs: block[1]))
            let own = try LayerEncoder(source).encode(settings)
            let chosen = try LayerEncoder(source.laidOut(as: name, options, by: .builtin)).encode(settings)
            #expect(chosen.entry.layout == own.entry.layout)
            #expect(!own.entry.layout.isRegistered && own.entry.layout.name == name)
            #expect(chosen.parts == own.parts)
        }
    }

    /// What the first version wrote for weights of k/2 in 'a.weight' (3x2x2x2, an image by png), 'b.weight' (3x3x1x1, blocks of 2x2 by ffv1)
    /// and 'c.weight' (2x3x2x2, a sequence by zstd).
    private static let oldFile = """
        VEVTU0VSQVcBAAAAwAEAAHMDAADCMG4ly7JZwFVW9twf2gyl/Td6WFoAAAD/EtlBA8CJA/MGIQEcAAAAdhcUd+ADcgGBXQA9iImGVKCG
        Nz5CekB1UH1jsoGYlQNam2NjGklDeU7WZM1uu6N5L4J7po1ErnayLvYskFyrcVAmILrTJbmZmswtruoedCZ+uBk7cguA2VjlPiP5X/3S
        zBe5LMnuOo1usH9ZbWpGVZgwDr2pF22pmiOrs5IhsHh+oFG9Ftsz/yJZNsEKpSRl0CiLeXQ9LYasnp8VDq8doTY9VwBKiVblur4LEg1S
        6ZG/6ZBh9UZAxAQSJ3qlU3Q8RJrmufJvCUAGnw/J+FdYbs+V/hQ5VPbhBRnEW9FFtE6STVOblNq2UCIjDJbmbuT/8u3DviQI1Xl8d0v7
        D8OXYL5lqryLaMJKkgon6Nn+uNbQv4iYltFvqoMSFTnWXNRc1mez02t+nrEOIuYGfkEWMvQ+c0UR0SQL8bZlD5aEjxDJwEoSVEzV8oek
        ej6rQ7tXpzlLHw9WsnB7SwJ3pdfz1i6xOVsNXwKS0i81Tu0f+KRzAdFLtJPCJV1SSd1TCtXaMmuWhQ8JMhOhyOF+AAAAAAABmQPzBgAA
        fSzCLqgACvwCAAAAAABZWolQTkcNChoKAAAADUlIRFIAAAAEAAAABggAAAAAwVJgqQAAAAlwSFlzAAAAAAAAAAEAhHkXcwAAABZJREFU
        eNpjZOBW5GYR4xbjZnHGZAEAHX0CB4ew0QwAAAAASUVORK5CYIIAAK4BiTddIHSQbXZA6a46ON0HrLgGFh7iLVYGiSrb2K/2BC5u7ZZj
        PTeknUR1qTe0Spcvy2a17JlhKg85vlTFkIPeC9knMHLD5AsX6RzK0uyJEPc9caJPyyOWeT6+uvCIYoBAjK4lWvhIZWJI+g8m6zq548CY
        1kyBQIF3uTYOHqbsHOuicQb1CwMMUKZtSWQ+b0KGNRIucTfhHdJbO142jUKVYqbHnNx9W506/6RS+fqMBEAhBwUEQWdPoQIQKyi1L/0g
        GMEAAAALFiEsN0JNWWRveoWQm6ayvcjT3un0/w==
        """

    @Test("a file that was written before there were other layouts is read as ever")
    func oldFiles() throws {
        let bytes = try #require(Data(base64Encoded: Self.oldFile, options: .ignoreUnknownCharacters)).map { $0 }
        let file = try CompressedWeightFile(bytes: bytes, named: "the file", codecs: codecs, threads: 2)
        #expect(
            file.index.layers.map(\.layout) == [.image, .blocks(WeightBlock(inputs: 2, outputs: 2)), .sequence])
        for (name, count) in [("a.weight", 24), ("b.weight", 9), ("c.weight", 24)] {
            let floats = try file.tensor(name).floats()
            #expect(floats.count == count)
            // The middle of one of 256 intervals is half an interval away at most.
            let bound = Float(count - 1) / 2 / 256 / 2 * 1.001
            for (index, float) in floats.enumerated() { #expect(abs(float - Float(index) / 2) <= bound, "\(name)") }
        }
    }
}
