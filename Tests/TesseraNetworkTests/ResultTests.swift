import Foundation
import Tessera
import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@testable import TesseraNetwork

/// What outputs show: rankings of classes, and objects in pictures.
@Suite struct ResultTests {
    private func detection(_ text: String) throws -> DetectionDeclaration {
        try DetectionDeclaration(configuration: YAMLReader.parse(text, file: "f.yaml"))
    }

    // MARK: Rankings

    @Test("the best classes come first, of equal ones the first, for every item of a batch")
    func ranking() throws {
        let tensor = try Tensor([1, 3, 2, 3, 5, 4, 0, 0], shape: [2, 4])
        let ranking = ClassRanking(labels: Labels(["a", "b", "c", "d"]), top: 3, softmax: false)
        let classes = try ranking.rank(tensor)
        #expect(classes.map(\.item) == [0, 0, 0, 1, 1, 1])
        #expect(classes.map(\.label) == ["b", "d", "c", "a", "b", "c"])
        #expect(classes.map(\.index) == [1, 3, 2, 0, 1, 2])
        #expect(classes.map(\.score) == [3, 3, 2, 5, 4, 0])
    }

    @Test("softmax turns scores into probabilities, however large they are")
    func softmax() throws {
        let tensor = try Tensor([1000, 1000 + Float(log(3.0))], shape: [1, 2, 1, 1])
        let classes = try ClassRanking(labels: nil, top: 9, softmax: true).rank(tensor)
        #expect(classes.map(\.label) == ["1", "0"])
        for (entry, expected) in zip(classes, [0.75, 0.25]) { #expect(abs(Double(entry.score) - expected) < 1e-4) }
    }

    @Test("infinite scores share all probability, and what is no number comes last")
    func oddScores() throws {
        let classes = try ClassRanking(labels: nil, top: 9, softmax: true).rank(
            Tensor([.infinity, 1, .infinity, -.infinity], shape: [4]))
        #expect(classes.map(\.index) == [0, 2, 1, 3] && classes.map(\.score) == [0.5, 0.5, 0, 0])
        let plain = try ClassRanking(labels: nil, top: 9, softmax: false).rank(
            Tensor([.nan, 1, .nan, 3, -.infinity], shape: [5]))
        #expect(plain.map(\.index) == [3, 1, 0, 2, 4])
        #expect(try readableJSON(plain[2]).contains("\"nan\""))
    }

    @Test func aRankingNeedsScoresAndALabelForEach() throws {
        let ranking = ClassRanking(labels: Labels(["a"]), top: 1, softmax: false)
        expectError(.shapeMismatch, "expected scores of [batch, classes] to rank, found 1x2x3") {
            try ranking.rank(Tensor(zeros: [1, 2, 3]))
        }
        expectError(.shapeMismatch, "labels: expected 2 labels, one for each class, found 1") {
            try ranking.rank(Tensor(zeros: [1, 2]))
        }
    }

    // MARK: Detections

    private let whole = PictureView(whole: 100, 50)

    @Test(
        "boxes are placed in the picture, whatever their four numbers are",
        arguments: [
            ("xyxy", [0.1, 0.2, 0.5, 0.8] as [Float]), ("yxyx", [0.2, 0.1, 0.8, 0.5]), ("xywh", [0.1, 0.2, 0.4, 0.6]),
            ("cxcywh", [0.3, 0.5, 0.4, 0.6]),
        ])
    func formats(format: String, values: [Float]) throws {
        let normalized = try detection("{boxes: b, scores: s, format: \(format)}").objects(
            boxes: Tensor(values, shape: [1, 4]), scores: Tensor([1], shape: [1]), input: (10, 20), view: whole)
        let pixels = try detection("{boxes: b, scores: s, format: \(format), coordinates: pixels}").objects(
            boxes: Tensor(
                values.enumerated().map { index, value in
                    value * ((index % 2 == 0) == (format != "yxyx") ? 10 : 20)
                }, shape: [1, 1, 4]), scores: Tensor([1], shape: [1, 1, 1]), input: (10, 20), view: whole)
        for objects in [normalized, pixels] {
            #expect(objects.count == 1 && objects[0].label == "0")
            let box = objects[0].box
            for (side, expected) in zip([box.left, box.top, box.right, box.bottom], [10, 10, 50, 40] as [Float]) {
                #expect(abs(side - expected) < 1e-3, "\(format)")
            }
        }
    }

    @Test("of objects of one class that overlap, the most certain one is kept; the background is none")
    func suppression() throws {
        let declaration = try detection(
            "{boxes: b, scores: s, score: 0.5, iou: 0.5, labels: [none, cat, dog], background: 0}")
        let boxes: [Float] = [
            0, 0, 0.2, 0.2,  // a cat
            0.01, 0, 0.21, 0.2,  // the same cat, more certain
            0.15, 0, 0.35, 0.2,  // another cat: overlap 0.06 / 0.34
            0, 0, 0.2, 0.2,  // a dog at the same place
            0.5, 0.5, 0.9, 0.9,  // nothing
            0.5, 0.5, 0.4, 0.4,  // a cat whose corners are the wrong way round
            1.5, 0.5, 1.9, 0.9,  // a dog outside of the picture
            .nan, 0, 1, 1,
        ]
        let scores: [Float] = [
            0, 0.6, 0, 0, 0.9, 0, 0, 0.8, 0, 0, 0.1, 0.7, 0.9, 0.1, 0, 0, 0.55, 0, 0, 0, 0.99, 0, 0.9, .nan,
        ]
        let objects = try declaration.objects(
            boxes: Tensor(boxes, shape: [1, 8, 4]), scores: Tensor(scores, shape: [1, 8, 3]), input: (8, 8), view: whole
        )
        #expect(objects.map(\.label) == ["cat", "cat", "dog", "cat"])
        #expect(objects.map(\.score) == [0.9, 0.8, 0.7, 0.55])
        #expect(objects[3].box == BoundingBox(left: 40, top: 20, right: 50, bottom: 25))
        let few = try detection("{boxes: b, scores: s, maximum: 2, background: 0}").objects(
            boxes: Tensor(boxes, shape: [1, 8, 4]), scores: Tensor(scores, shape: [1, 8, 3]), input: (8, 8), view: whole
        )
        #expect(few.map(\.score) == [0.9, 0.8])
    }

    @Test("shapes that do not go together, and classes that are not there, are refused")
    func refusedShapes() throws {
        let plain = try detection("{boxes: b, scores: s}")
        expectError(.shapeMismatch, "boxes: expected boxes of [batch, boxes, 4], found 1x3x5") {
            try plain.check(boxes: [1, 3, 5], scores: [1, 3])
        }
        expectError(.shapeMismatch, "scores: expected scores of [1, 3, classes], found 1x4x2") {
            try plain.check(boxes: [1, 3, 4], scores: [1, 4, 2])
        }
        expectError(.shapeMismatch, "background: expected one of 2 classes, found 2") {
            try detection("{boxes: b, scores: s, background: 2}").check(boxes: [3, 4], scores: [3, 2])
        }
        expectError(.shapeMismatch, "labels: expected 2 labels") {
            try detection("{boxes: b, scores: s, labels: [a]}").check(boxes: [3, 4], scores: [3, 2])
        }
    }

    @Test("a box of what is left after cropping is where it was in the whole picture")
    func views() throws {
        let text = "{shape: [1, 3, 10, 10], resize: bilinear, crop: center, shorter_side: 20}"
        let input = try InputDeclaration(configuration: YAMLReader.parse(text, file: "f.yaml"))
        let picture = try Picture(width: 80, height: 40, channels: 1, pixels: [UInt8](repeating: 0, count: 3200))
        // 80x40 becomes 40x20, of which the middle 10x10 is used: 20x20 of the picture, from (30, 10) on.
        let view = try input.view(of: picture)
        #expect(view == PictureView(x: 30, y: 10, width: 20, height: 20, of: 80, 40))
        #expect(
            view.box(BoundingBox(left: 0.5, top: 0, right: 1, bottom: 2))
                == BoundingBox(left: 40, top: 10, right: 50, bottom: 40))
    }

    // MARK: Declarations

    @Test(
        arguments: [
            ("{boxes: b}", "missing key 'scores'"),
            ("{boxes: b, scores: s, iou: 2}", "iou: expected a share from 0 to 1"),
            ("{boxes: b, scores: s, maximum: 0}", "maximum: expected at least 1"),
            ("{boxes: b, scores: s, background: -1}", "background: expected a class from 0 on"),
            ("{boxes: b, scores: s, format: corners}", "expected one of xyxy, yxyx, xywh, cxcywh, found 'corners'"),
            ("{boxes: b, scores: s, labels: []}", "at least one label"),
            ("{boxes: b, scores: s, score: .nan}", "score: expected a number"),
        ])
    func refused(text: String, message: String) { expectError(.invalidArgument, message) { try detection(text) } }

    @Test(
        "a detection's layers and picture must be there",
        arguments: [
            ("{detect: {boxes: bx, scores: s}}", "outputs: unknown layer 'bx', did you mean 'b'?"),
            (
                "{detect: {boxes: b, scores: s, picture: imag}}",
                "n.yaml:5:15: outputs.o.picture: the network has no input 'imag', did you mean"
            ),
            (
                "{detect: {boxes: b, scores: s}, top: 3}",
                "n.yaml:5:15: outputs.o: expected no other keys beside 'detect'"
            ),
            ("{from: s, top: 0}", "outputs.o.top: expected at least 1, found 0"),
            ("{from: s, labels: none.txt}", "n.yaml:5:33: outputs.o.labels: cannot open"),
        ])
    func references(output: String, message: String) throws {
        let text = """
            tessera: 1
            inputs: {image: {shape: [1, 3, 8, 8]}, b: {shape: [1, n, 4]}, s: {shape: [1, n]}}
            layers:
              - relu: {from: image}
            outputs: {o:  \(output)}
            """
        expectError(nil, message) { try NetworkLoader(operators: .builtin).load(text: text, file: "n.yaml") }
    }

    @Test("labels come from a file beside the network's, one on each line")
    func labels() throws {
        let folder = try TemporaryFolder()
        try folder.write("cat\r\n  dog \n\nbird\n\n\n", to: "labels.txt")
        let path = try folder.write(
            """
            tessera: 1
            inputs: {s: {shape: [1, 4]}}
            layers: [relu]
            outputs: {o: {from: relu1, labels: labels.txt, top: 2}}
            """, to: "n.yaml")
        let network = try NetworkLoader(operators: .builtin).load(path)
        #expect(network.outputs["o"]?.labels == Labels(["cat", "dog", "", "bird"]))
        _ = try network.bound()
        // Written, the network brings its labels along.
        #expect(network.fileText().contains("labels: [cat, dog, \"\", bird]"))
        try folder.write("cat\ndog\n", to: "labels.txt")
        expectError(.shapeMismatch, "outputs.o.labels: expected 4 labels, one for each class, found 2") {
            try NetworkLoader(operators: .builtin).load(path).bound()
        }
        for (content, message) in [([0xFF, 0x0A] as [UInt8], "UTF-8"), ([0x0A], "found none")] {
            try folder.write(content, to: "labels.txt")
            expectError(.malformedFile, message) { try NetworkLoader(operators: .builtin).load(path) }
        }
    }

    // MARK: Drawing

    @Test("frames are drawn along the box, captions above it, and nothing elsewhere")
    func drawing() throws {
        let picture = try Picture(width: 40, height: 30, channels: 1, pixels: [UInt8](repeating: 7, count: 1200))
        let object = DetectedObject(
            item: 0, index: 1, label: "a", score: 0.5, box: BoundingBox(left: 5, top: 15, right: 25, bottom: 28))
        let drawn = try picture.showing([object])
        func colour(_ x: Int, _ y: Int) -> [UInt8] { Array(drawn.pixels[(y * 40 + x) * 3..<(y * 40 + x) * 3 + 3]) }
        let frame: [UInt8] = [60, 180, 75]
        for (x, y) in [(5, 15), (24, 15), (5, 27), (24, 27), (15, 15), (5, 20)] { #expect(colour(x, y) == frame) }
        for (x, y) in [(4, 20), (25, 20), (15, 28), (15, 20), (39, 29)] { #expect(colour(x, y) == [7, 7, 7]) }
        // The caption "a 50%" takes 31 by 9 pixels above the frame; the letter's first set pixel is 2 to the right.
        #expect(
            colour(5, 6) == frame && colour(35, 14) == frame && colour(36, 10) == [7, 7, 7]
                && colour(5, 5) == [7, 7, 7])
        #expect(colour(5 + 2, 6 + 3) != frame)
    }

    @Test("captions stay inside of the picture, and boxes at its border are no trouble")
    func drawingAtTheBorder() throws {
        let picture = try Picture(width: 9, height: 4, channels: 3, pixels: [UInt8](repeating: 0, count: 108))
        let object = DetectedObject(
            item: 0, index: -3, label: "long label ✓", score: .infinity,
            box: BoundingBox(left: 8.9, top: 3.9, right: 9, bottom: 4))
        #expect(try picture.showing([object]).width == 9)
    }

    @Test func everyLetterHasFiveBySevenPixels() {
        for code in UInt8(32)...126 {
            let glyph = BitmapFont.glyph(Character(Unicode.Scalar(code)))
            #expect(glyph.count == BitmapFont.height && glyph.allSatisfy { $0.count == BitmapFont.width })
        }
        #expect(BitmapFont.glyph("é").count == BitmapFont.height)
    }
}
