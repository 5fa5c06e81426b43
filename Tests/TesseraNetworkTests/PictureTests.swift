import Foundation
import TesseraCore
import TesseraTestSupport
import Testing

@testable import TesseraNetwork

@Suite struct PictureTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A picture whose values jump as far as they can.
    private func noise(_ width: Int, _ height: Int, _ channels: Int) throws -> Picture {
        var state: UInt32 = 1
        let pixels = (0..<width * height * channels).map { _ -> UInt8 in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(state >> 24)
        }
        return try Picture(width: width, height: height, channels: channels, pixels: pixels)
    }

    private func gradient(_ width: Int, _ height: Int) throws -> Picture {
        var pixels: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width {
                let values = [x * 255 / width, y * 255 / height, (x + y) * 255 / (width + height)]
                pixels += values.map { UInt8($0) }
            }
        }
        return try Picture(width: width, height: height, channels: 3, pixels: pixels)
    }

    @Test("PNG keeps every pixel", arguments: [(1, 1), (3, 5), (37, 1), (1, 41), (129, 67)], [1, 3])
    func pngRoundTrip(size: (Int, Int), channels: Int) throws {
        let picture = try noise(size.0, size.1, channels)
        try picture.write(to: folder.file("p.png"))
        #expect(try Picture(path: folder.file("p.png")) == picture)
        #expect(try folder.contents == ["p.png"])
    }

    @Test("JPEG keeps a picture nearly", arguments: [(64, 48), (1, 1), (17, 9), (33, 31)])
    func jpegRoundTrip(size: (Int, Int)) throws {
        let picture = try gradient(size.0, size.1)
        try picture.write(to: folder.file("p.JPG"))
        let read = try Picture(path: folder.file("p.JPG"))
        #expect(read.width == size.0 && read.height == size.1 && read.channels == 3)
        let largest = zip(picture.pixels, read.pixels).map { abs(Int($0) - Int($1)) }.max()
        #expect(largest ?? 255 <= 6)
    }

    @Test func greySavedAsJPEGStaysGrey() throws {
        let picture = try gradient(40, 30).grey()
        try picture.write(to: folder.file("p.jpeg"))
        let read = try Picture(path: folder.file("p.jpeg")).rgb()
        for index in 0..<1200 { #expect(Set(read.pixels[index * 3..<index * 3 + 3]).count == 1) }
    }

    @Test("a known PNG comes out as its author meant it", arguments: SmallPictures.all)
    func knownPNG(sample: SmallPictures.Sample) throws {
        let picture = try Picture(encoded: sample.bytes)
        #expect(picture.channels == sample.channels)
        #expect(picture.pixels == sample.pixels)
    }

    @Test func aJPEGComesOutAsLibjpegReadsIt() throws {
        let picture = try Picture(encoded: SmallPictures.jpeg.bytes)
        #expect(picture.width == 8 && picture.height == 6 && picture.channels == 3)
        // The inverse cosine transforms of libjpeg and FFmpeg round differently now and then.
        let differences = zip(picture.pixels, SmallPictures.jpeg.pixels).map { abs(Int($0) - Int($1)) }
        #expect(differences.max() ?? 255 <= 2, "\(differences)")
        #expect(differences.count { $0 > 0 } <= 15, "\(differences)")
    }

    @Test(
        "a resized picture is PIL's to the byte",
        arguments: [
            (
                Picture.Filter.nearest,
                [0, 134, 12, 0, 134, 12, 79, 213, 91, 79, 213, 91, 158, 36, 170, 237, 115, 249, 237, 115, 249],
                [146, 24, 48, 182]
            ),
            (
                .bilinear,
                [29, 134, 93, 57, 142, 82, 102, 154, 64, 148, 125, 102, 185, 95, 147, 167, 107, 192, 156, 115, 220],
                [108, 108, 141, 141]
            ),
            (
                .bicubic,
                [17, 143, 98, 47, 151, 81, 105, 160, 58, 158, 125, 91, 191, 89, 144, 168, 98, 202, 151, 106, 232],
                [107, 106, 143, 142]
            ),
            (
                .area,
                [34, 134, 107, 34, 134, 107, 113, 213, 58, 192, 36, 137, 192, 36, 137, 143, 115, 216, 143, 115, 216],
                [107, 83, 137, 177]
            ),
        ] as [(Picture.Filter, [UInt8], [UInt8])])
    func resize(filter: Picture.Filter, threeBySeven: [UInt8], twoByTwo: [UInt8]) throws {
        let pixels = (0..<20).map { UInt8(truncatingIfNeeded: $0 * 67) }
        let grey = try Picture(width: 5, height: 4, channels: 1, pixels: pixels)
        #expect(try grey.resized(width: 3, height: 7, filter: filter).pixels == threeBySeven)
        #expect(try grey.resized(width: 2, height: 2, filter: filter).pixels == twoByTwo)
        let rgb = try grey.rgb().resized(width: 3, height: 7, filter: filter)
        #expect(rgb.pixels == threeBySeven.flatMap { [$0, $0, $0] })
        #expect(try grey.resized(width: 5, height: 4, filter: filter) == grey)
    }

    @Test func anAbsurdNewSizeIsRefused() throws {
        let picture = try noise(4, 4, 1)
        expectError(.limitExceeded) { try picture.resized(width: 1 << 20, height: 1 << 20, filter: .bilinear) }
        expectError(.limitExceeded) { try picture.resized(width: 0, height: 4, filter: .nearest) }
    }

    @Test(
        arguments: [
            ("text.png", Array("#EXTM3U\nhttp://127.0.0.1/x.png\n".utf8)),
            ("list.jpg", Array("ffconcat version 1.0\nfile a".utf8)),
            ("empty.png", []), ("svg.png", Array("<svg/>".utf8)), ("gif.png", Array("GIF89a".utf8)),
        ])
    func whatIsNoPictureIsRefused(name: String, bytes: [UInt8]) throws {
        let path = try folder.write(bytes, to: name)
        expectError(.malformedFile, name, "expected a PNG, JPEG, BMP or WebP picture") { try Picture(path: path) }
    }

    @Test(arguments: ["p.png", "p.jpg"])
    func everyTruncationIsRefused(name: String) throws {
        try gradient(24, 16).write(to: folder.file(name))
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: folder.file(name))))
        for count in 0..<bytes.count {
            expectError(.malformedFile) { try Picture(encoded: Array(bytes.prefix(count))) }
        }
    }

    @Test(arguments: ["p.png", "p.jpg"])
    func damageNeverTraps(name: String) throws {
        try gradient(24, 16).write(to: folder.file(name))
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: folder.file(name))))
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0xFF
            do { _ = try Picture(encoded: damaged) } catch is TesseraError {}
        }
    }

    @Test func aDamagedPNGIsNotShown() throws {
        try noise(24, 16, 1).write(to: folder.file("p.png"))
        var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: folder.file("p.png"))))
        bytes[bytes.count / 2] ^= 1
        expectError(.malformedFile, "expected a whole PNG picture") { try Picture(encoded: bytes) }
    }

    @Test func anAbsurdSizeIsRefusedBeforeMemoryIsAskedFor() throws {
        try noise(4, 4, 1).write(to: folder.file("p.png"))
        var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: folder.file("p.png"))))
        bytes.replaceSubrange(16..<24, with: [0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF])
        expectError(.limitExceeded, "found 65535x65535") { try Picture(encoded: bytes) }
    }

    @Test func aSmallFileCannotAskForMuchMemory() throws {
        try noise(4, 4, 1).write(to: folder.file("p.png"))
        var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: folder.file("p.png"))))
        bytes.replaceSubrange(16..<24, with: [0, 0, 0x10, 0, 0, 0, 0x10, 1])
        expectError(.limitExceeded, "as many as a file of this size may have, found 4096x4097") {
            try Picture(encoded: bytes)
        }
        // A file that holds more may.
        bytes.insert(contentsOf: [0, 0, 0x50, 0] + Array("teXt".utf8) + [UInt8](repeating: 0, count: 0x5004), at: 33)
        expectError(.malformedFile) { try Picture(encoded: bytes) }
    }

    @Test func anUnknownExtensionIsRefused() throws {
        expectError(.invalidArgument, "p.tiff", ".png, .jpg or .jpeg") {
            try noise(2, 2, 1).write(to: folder.file("p.tiff"))
        }
    }

    @Test func greyIsLuma() throws {
        let picture = try Picture(
            width: 5, height: 1, channels: 3,
            pixels: [
                255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 10, 20, 30,
            ])
        // PIL's Image.convert("L") of the same pixels.
        #expect(try picture.grey().pixels == [76, 150, 29, 255, 18])
        #expect(try picture.grey().rgb().pixels.prefix(6) == [76, 76, 76, 150, 150, 150])
    }

    @Test func aPictureChecksItsSize() {
        expectError(.invalidArgument, "expected 12 values for 2x2x3, found 3") {
            try Picture(width: 2, height: 2, channels: 3, pixels: [1, 2, 3])
        }
        expectError(.invalidArgument, "found 4") {
            try Picture(width: 1, height: 1, channels: 4, pixels: [1, 2, 3, 4])
        }
        expectError(.limitExceeded, "found 0x1") { try Picture(width: 0, height: 1, channels: 1, pixels: []) }
        expectError(.limitExceeded) { try Picture(width: .max, height: 2, channels: 1, pixels: []) }
    }
}
