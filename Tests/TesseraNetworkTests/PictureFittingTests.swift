import TesseraCore
import TesseraTestSupport
import Testing

@testable import TesseraNetwork

@Suite struct PictureFittingTests {
    private func input(_ text: String) throws -> InputDeclaration {
        try InputDeclaration(configuration: YAMLReader.parse(text, file: "f.yaml"))
    }

    /// A picture whose pixels are 10 y + x.
    private func picture(width: Int, height: Int) throws -> Picture {
        try Picture(
            width: width, height: height, channels: 1,
            pixels: (0..<height).flatMap { y in (0..<width).map { UInt8(10 * y + $0) } })
    }

    @Test("the middle is taken as torchvision takes it: half the rest, to the even number")
    func middle() throws {
        let declaration = try input("{shape: [1, 1, 2, 2], scale: 1, crop: center}")
        #expect(try declaration.tensor(of: picture(width: 4, height: 3)).floats() == [1, 2, 11, 12])
        // A rest of 3 leaves 2 before, a rest of 1 leaves 0, a rest of 5 leaves 2.
        #expect(try declaration.tensor(of: picture(width: 5, height: 2)).floats() == [2, 3, 12, 13])
        #expect(try declaration.tensor(of: picture(width: 7, height: 2)).floats() == [2, 3, 12, 13])
        expectError(.shapeMismatch, "expected a picture of at least 2 by 2 to take the middle of, found 1 by 5") {
            try declaration.tensor(of: picture(width: 1, height: 5))
        }
    }

    @Test("the shorter side is resized, the longer one in proportion")
    func shorterSide() throws {
        let declaration = try input("{shape: [1, 1, 2, 2], scale: 1, resize: nearest, crop: center, shorter_side: 3}")
        // 9 by 6 becomes 4 by 3; columns 1, 3, 5, 7 and rows 1, 3, 5 are the nearest; the middle begins at (1, 0).
        #expect(try declaration.tensor(of: picture(width: 9, height: 6)).floats() == [13, 15, 33, 35])
        let tall = try declaration.view(of: picture(width: 6, height: 9))
        #expect(tall == PictureView(x: 0, y: 2.25, width: 4, height: 4.5, of: 6, 9))
    }

    @Test("without a shorter side, the picture is resized as little as covers the input")
    func covering() throws {
        let declaration = try input("{shape: [1, 1, 4, 6], resize: area, crop: center}")
        #expect(
            try declaration.view(of: picture(width: 12, height: 12))
                == PictureView(x: 0, y: 2, width: 12, height: 8, of: 12, 12))
        #expect(
            try declaration.view(of: picture(width: 20, height: 8))
                == PictureView(x: 4, y: 0, width: 12, height: 8, of: 20, 8))
        #expect(try declaration.tensor(of: picture(width: 20, height: 8)).shape == [1, 1, 4, 6])
        #expect(try declaration.tensor(of: picture(width: 1, height: 1)).shape == [1, 1, 4, 6])
    }

    @Test("an open size is what the resized picture has")
    func openSizes() throws {
        let declaration = try input("{shape: [1, 1, h, w], resize: bilinear, shorter_side: 4}")
        #expect(try declaration.tensor(of: picture(width: 11, height: 5)).shape == [1, 1, 4, 8])
    }

    @Test("channels may be the last axis")
    func layout() throws {
        let rgb = try Picture(width: 2, height: 1, channels: 3, pixels: [1, 2, 3, 4, 5, 6])
        let declaration = try input("{shape: [1, h, w, 3], layout: nhwc, scale: 1, order: bgr, mean: [1, 0, 0]}")
        let tensor = try declaration.tensor(of: rgb)
        #expect(tensor.shape == [1, 1, 2, 3])
        #expect(try tensor.floats() == [2, 2, 1, 5, 5, 4])
        #expect(try declaration.picture(of: tensor) == rgb)
        #expect(declaration.pictureSize(of: [1, 5, 7, 3]).map { [$0.height, $0.width] } == [5, 7])
        expectError(.shapeMismatch, "expected a tensor of 1xHxWx1 or 1xHxWx3 to make a picture of, found 1x3x4x5") {
            try declaration.picture(of: Tensor(zeros: [1, 3, 4, 5]))
        }
    }

    @Test(
        arguments: [
            ("{shape: [1, 3, h, w], crop: center}", "crop: expected a shape of fixed height and width to crop to"),
            (
                "{shape: [1, 3, 4, 4], crop: center, shorter_side: 9}",
                "shorter_side: expected a 'resize' such as bilinear"
            ),
            ("{shape: [1, 3, 4, 4], resize: area, shorter_side: 9}", "shorter_side: expected 'crop: center' as well"),
            (
                "{shape: [1, 3, 6, 4], resize: area, crop: center, shorter_side: 3}",
                "shorter_side: expected at least 4, the shape's shorter side, found 3"
            ),
            ("{shape: [1, 3, h, w], resize: area, shorter_side: 0}", "shorter_side: expected at least 1, found 0"),
            ("{shape: [1, 3, 4, 4], crop: middle}", "expected one of none, center, found 'middle'"),
            ("{shape: [1, 4, 4, 3], layout: nhcw}", "expected one of nchw, nhwc, found 'nhcw'"),
            ("{shape: [1, 4, 4, 3], order: rgb}", "expected a shape of 3 channels for the order rgb"),
        ])
    func refused(text: String, message: String) { expectError(nil, message) { try input(text) } }
}
