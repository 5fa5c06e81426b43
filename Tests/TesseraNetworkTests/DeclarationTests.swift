import TesseraCore
import TesseraTestSupport
import Testing

@testable import TesseraNetwork

@Suite struct DeclarationTests {
    private func input(_ text: String) throws -> InputDeclaration {
        try InputDeclaration(configuration: YAMLReader.parse(text, file: "f.yaml"))
    }

    private func output(_ text: String) throws -> OutputDeclaration {
        try OutputDeclaration(configuration: YAMLReader.parse(text, file: "f.yaml"))
    }

    private let rgb = Result { try Picture(width: 2, height: 1, channels: 3, pixels: [0, 51, 255, 102, 153, 204]) }

    @Test func pixelsAreScaledThenCentredThenDivided() throws {
        let declaration = try input("{shape: [1, 3, h, w], mean: [0.5, 0.4, 1/5], deviation: [0.5, 2, 1]}")
        let tensor = try declaration.tensor(of: rgb.get())
        #expect(tensor.shape == [1, 3, 1, 2])
        // (pixel / 255 - mean) / deviation, by hand; red of both pixels, then green, then blue.
        let expected: [Float] = [-1, -0.2, -0.1, 0.1, 0.8, 0.6]
        for (value, expected) in zip(try tensor.floats(), expected) { #expect(abs(value - expected) < 1e-6) }
    }

    @Test func valuesAreTheNearestFloats() throws {
        let ramp = try Picture(width: 256, height: 1, channels: 1, pixels: [UInt8](0...255))
        let values = try input("{shape: [1, 1, h, w]}").tensor(of: ramp).floats()
        #expect(values == (0...255).map { Float(Double($0) / 255) })
    }

    @Test func channelsAreOrderedAsDeclared() throws {
        let bgr = try input("{shape: [1, 3, h, w], order: bgr, scale: 1, mean: [1, 2, 3]}")
        #expect(try bgr.tensor(of: rgb.get()).floats() == [254, 203, 49, 151, -3, 99])
    }

    @Test func coloursAreConvertedToWhatTheNetworkTakes() throws {
        let grey = try input("{shape: [1, 1, h, w], scale: 1}").tensor(of: rgb.get())
        #expect(try grey.floats() == [59, 144])
        let picture = try Picture(width: 2, height: 1, channels: 1, pixels: [7, 9])
        let colour = try input("{shape: [1, 3, h, w], scale: 1}").tensor(of: picture)
        #expect(try colour.floats() == [7, 9, 7, 9, 7, 9])
    }

    @Test func aPictureOfAnotherSizeNeedsLeaveToBeResized() throws {
        expectError(
            .shapeMismatch, "expected a picture 4 wide and 2 high, found 2 wide and 1 high", "resize"
        ) { try input("{shape: [1, 3, 2, 4]}").tensor(of: rgb.get()) }
        #expect(try input("{shape: [1, 3, 2, 4], resize: nearest}").tensor(of: rgb.get()).shape == [1, 3, 2, 4])
        #expect(try input("{shape: [batch, 3, 1, w]}").tensor(of: rgb.get()).shape == [1, 3, 1, 2])
    }

    @Test(
        arguments: [
            ("[2, 3, h, w]", "expected a tensor of 2x3xhxw, found one picture"),
            ("[1, 10]", "expected a tensor of 1x10, found a picture"),
            ("[1, 4, h, w]", "expected 1 or 3 channels of a picture, found 4"),
        ])
    func anInputThatIsNoPictureSaysSo(shape: String, message: String) {
        expectError(.shapeMismatch, message) { try input("{shape: \(shape)}").tensor(of: rgb.get()) }
    }

    @Test(
        arguments: [
            ("{}", "missing key 'shape'"),
            ("{shape: [1, 3, h, -1]}", "f.yaml:1:19: shape: expected a size of at least 1"),
            ("{shape: [1, 3, h, w], order: rbg}", "expected one of rgb, bgr, grey, found 'rbg'"),
            ("{shape: [1, 1, h, w], order: rgb}", "expected a shape of 3 channels"),
            ("{shape: [1, 3, h, w], order: rgb, mean: [1, 2]}", "mean: expected 1 or 3 values, found 2"),
            ("{shape: [1, 3, h, w], scale: 1/0}", "f.yaml:1:30: scale: expected a number or a fraction"),
            ("{shape: [1, 3, h, w], scale: 0}", "scale: expected a scale other than 0"),
            ("{shape: [1, 3, h, w], scale: .nan}", "expected a finite number"),
            ("{shape: [1, 3, h, w], deviation: 0}", "deviation: expected deviations other than 0"),
            ("{shape: [1, 3, h, w], resize: cubic}", "did you mean"),
        ])
    func refused(text: String, message: String) {
        let message = message == "did you mean" ? "expected one of none, nearest, bilinear, bicubic, area" : message
        expectError(nil, message) { try input(text) }
    }

    @Test func aTensorBecomesThePictureItCameFrom() throws {
        let keys = "mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225], order: bgr"
        let ramp = try Picture(width: 16, height: 16, channels: 3, pixels: (0..<768).map { UInt8($0 * 7 % 256) })
        let tensor = try input("{shape: [1, 3, h, w], \(keys)}").tensor(of: ramp)
        #expect(try output("{\(keys)}").picture(of: tensor) == ramp)
    }

    @Test func whatIsBeyondThePixelsIsClamped() throws {
        let tensor = try Tensor([-1, 2, .nan, .infinity, -.infinity, 0.5], shape: [1, 1, 2, 3])
        #expect(try OutputDeclaration().picture(of: tensor).pixels == [0, 255, 0, 255, 0, 128])
    }

    @Test func aTensorThatIsNoPictureSaysSo() throws {
        expectError(.shapeMismatch, "expected a tensor of 1x1xHxW or 1x3xHxW to make a picture of, found 1x10") {
            try OutputDeclaration().picture(of: Tensor(zeros: [1, 10]))
        }
    }
}
