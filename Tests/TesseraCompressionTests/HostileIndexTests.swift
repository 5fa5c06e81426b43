import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// Files whose index is well formed and has the right hash, but says what no encoder does.
@Suite struct HostileIndexTests {
    private let codecs = Registry<any WeightCodec>.builtin

    /// Reads all tensors of a file with one layer of 6x5 weights, 'first', another one, 'second', and a bias, once its index was altered.
    private func reading(
        codec: String = "zstd", layouts: Registry<any WeightLayout> = .builtin,
        _ alter: (inout CompressedWeightIndex) throws -> Void
    ) throws {
        let layers = try ["first", "second"].map { name in
            let weights = try Tensor((0..<30).map { Float($0) - 7.5 }, shape: [6, 5])
            return try LayerEncoder(CompressibleTensor(name, weights)).encode(
                LayerSettings(codec, codecs.make(codec)))
        }
        let exact = try ExactTensors(
            [("bias", Tensor([1, 2, 3], shape: [3]))], codecName: "xz", codec: codecs.make("xz"))
        let bytes = try CompressedWeights(layers: layers, exact: exact).encoded()
        let (index, data) = try split(bytes)
        var altered = index
        try alter(&altered)
        let file = try CompressedWeightFile(
            bytes: joined(altered, data), named: "the file", codecs: codecs, layouts: layouts, threads: 2)
        _ = try file.tensors()
    }

    /// The index of a file, and what comes after it.
    private func split(_ bytes: [UInt8]) throws -> (CompressedWeightIndex, [UInt8]) {
        func number(_ place: Int) -> Int { (0..<4).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) } }
        let coded = Array(bytes[36..<36 + number(12)])
        let plain = try coded.withUnsafeBytes { try XZStream.decode($0, limit: number(16)) }
        return (
            try JSONDecoder().decode(CompressedWeightIndex.self, from: Data(plain)), Array(bytes[(36 + coded.count)...])
        )
    }

    /// A file as docs/compression.md describes it.
    private func joined(_ index: CompressedWeightIndex, _ data: [UInt8], plainCount: UInt32? = nil) throws -> [UInt8] {
        let plain = Array(try JSONEncoder().encode(index))
        let coded = try XZStream.encode(plain)
        let numbers = [1, UInt32(coded.count), plainCount ?? UInt32(plain.count)].flatMap { number in
            (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(8 * $0)) }
        }
        return Array("TESSERAW".utf8) + numbers + ShortHash(of: numbers + coded).bytes + coded + data
    }

    @Test("an index that is not altered is read")
    func unaltered() throws {
        try reading { _ in }
    }

    @Test(
        "parts of sizes that no codec makes are refused before memory is taken",
        arguments: ["zstd", "xz", "brotli", "context", "png", "ffv1", "flac"])
    func hugeParts(codec: String) {
        for shape in [[1, 1 << 31], [1, 1 << 40], [1 << 31, 1], [1 << 20, 1 << 20]] {
            expectError(.malformedFile, "second", "at most") {
                try reading(codec: codec) { index in
                    index.layers[1].shape = shape
                    let isFilm = codec == "ffv1"
                    index.layers[1].layout = isFilm ? .blocks(WeightBlock(inputs: shape[1], outputs: shape[0])) : .image
                    index.layers[1].parts[0].rows = 0..<shape[0]
                }
            }
        }
    }

    @Test(
        "a layout of others is asked for no layer that is larger than what it may list, and its frames must be those of the parts"
    )
    func registeredLayouts() throws {
        struct Rows: WeightLayout {
            func frames(of geometry: WeightGeometry) throws -> FrameLayout {
                #expect(geometry == WeightGeometry([6, 5]), "it is asked for a layer that is too large")
                return try FrameLayout(of: geometry, width: 30, height: 1, count: 1, places: Array(0..<30))
            }
        }
        var layouts = Registry<any WeightLayout>.builtin
        try layouts.register(Module(name: "rows", summary: "") { _ in Rows() })
        let rows = CompressedWeightIndex.Layout.registered(name: "rows", options: .empty)
        for shape in [[1, 1 << 31], [1 << 20, 1 << 20], [1 << 40, 1 << 40]] {
            expectError(.limitExceeded, "second: weight layout 'rows': expected at most 134217728 weights") {
                try reading(layouts: layouts) { index in
                    (index.layers[1].shape, index.layers[1].layout) = (shape, rows)
                }
            }
        }
        expectError(.malformedFile, "second", "part 0") {
            try reading(layouts: layouts) { $0.layers[1].layout = rows }
        }
        expectError(.notFound, "second: weight layout 'rows'") { try reading { $0.layers[1].layout = rows } }
        // Rows of 30 samples are the same weights as one of 6 rows of 5.
        try reading(layouts: layouts) { index in
            (index.layers[1].layout, index.layers[1].parts[0].rows) = (rows, 0..<1)
        }
    }

    @Test("shapes and sums that overflow are refused")
    func overflow() {
        for shape in [[1 << 40, 1 << 40], [Int.max, 2], [-6, 5], [-6, -5]] {
            #expect(throws: TesseraError.self, "\(shape)") {
                try reading { $0.layers[1].shape = shape }
            }
        }
        expectError(.malformedFile, "second", "part 1") {
            try reading { index in
                for _ in 0..<8 {
                    var part = index.layers[1].parts[0]
                    (part.frames, part.rows, part.byteCount) = (0..<Int.max, 0..<Int.max, 0)
                    index.layers[1].parts.append(part)
                }
            }
        }
        expectError(.malformedFile, "second", "cut off") {
            try reading { index in
                index.layers[1].parts[0].byteCount = .max
                index.layers[1].parts.append(index.layers[1].parts[0])
            }
        }
    }

    @Test("a tensor that is named twice is refused")
    func duplicates() {
        expectError(.malformedFile, "first", "once") { try reading { $0.layers[1].name = "first" } }
        expectError(.malformedFile, "second", "once") { try reading { $0.exact?.members[0].name = "second" } }
        expectError(.malformedFile, "bias", "once") {
            try reading { index in
                let members = index.exact?.members ?? []
                index.exact?.members += members
            }
        }
    }

    @Test("parts that overlap, leave a gap, or come in another order are refused")
    func wrongParts() {
        func cut(_ rows: [Range<Int>]) throws {
            try reading { index in
                index.layers[1].parts = rows.enumerated().map { place, rows in
                    var part = index.layers[1].parts[0]
                    part.rows = rows
                    if place > 0 { part.byteCount = 0 }
                    return part
                }
            }
        }
        for (rows, message) in [
            ([0..<4, 2..<4], "part 1"), ([0..<3, 0..<3], "part 1"), ([0..<2, 3..<6], "part 1"),
            ([3..<6, 0..<3], "part 0"),
            ([0..<6, 0..<6], "part 1"), ([0..<4], "found those of 0"), ([0..<7], "part 0"), ([0..<0, 0..<6], "part 0"),
            ([-1..<6], "part 0"), ([Int.min..<Int.max], "part 0"),
        ] {
            expectError(.malformedFile, "second", message) { try cut(rows) }
        }
    }

    @Test("negative numbers of bytes are refused, also if their sum is right")
    func negativeByteCounts() {
        expectError(.malformedFile, "second", "at least 0") {
            try reading { $0.layers[1].parts[0].byteCount = -1 }
        }
        expectError(.malformedFile, "first", "at least 0") {
            try reading { index in
                index.layers[1].parts[0].byteCount += index.layers[0].parts[0].byteCount + 5
                index.layers[0].parts[0].byteCount = -5
            }
        }
        expectError(.malformedFile, "bias", "at least 0") { try reading { $0.exact?.byteCount = -1 } }
    }

    @Test("sums of bytes that are not those of the file are refused")
    func wrongSums() {
        expectError(.malformedFile, "second", "damaged") {
            try reading { index in
                index.layers[1].parts[0].byteCount -= 1
                index.exact?.byteCount += 1
            }
        }
        expectError(.malformedFile, "bias", "cut off") { try reading { $0.exact?.byteCount += 1 } }
        expectError(.malformedFile, "found") { try reading { $0.exact?.byteCount -= 1 } }
    }

    @Test("exact tensors of other shapes than those that were written are refused")
    func exactShapes() {
        for shape in [[1 << 45], [1 << 28], [Int.max, Int.max], [-3], [-1, -3], [2], [4]] {
            expectError(.malformedFile, "bias") { try reading { $0.exact?.members[0].shape = shape } }
        }
    }

    @Test("an index that unpacks to far more than it has is refused before that")
    func largeIndex() throws {
        let empty = try JSONDecoder().decode(CompressedWeightIndex.self, from: Data(#"{"layers":[]}"#.utf8))
        let bytes = try joined(empty, [], plainCount: 1 << 28)
        expectError(.malformedFile, "unpacked", "268435456") {
            try CompressedWeightFile(bytes: bytes, named: "the file", codecs: codecs, threads: 1)
        }
    }

    @Test("layers whose entries contradict themselves are refused")
    func contradictions() {
        expectError(.malformedFile, "second") { try reading { $0.layers[1].order = [0, 0, 1, 2, 3, 4] } }
        expectError(.malformedFile, "second") { try reading { $0.layers[1].matrices = 0 } }
        expectError(.malformedFile, "second") { try reading { $0.layers[1].mapping = nil } }
        expectError(.malformedFile, "second") { try reading { $0.layers[1].type = .i64 } }
        expectError(.malformedFile, "second", "other weights") {
            try reading { $0.layers[1].hash = ShortHash(of: [1]) }
        }
    }
}
