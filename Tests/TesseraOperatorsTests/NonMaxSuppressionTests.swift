import Testing
import TesseraCore
import TesseraOperators
import TesseraRuntime
import TesseraTestSupport

@Suite struct NonMaxSuppressionTests {
    /// Six boxes in three places: 0, 1 and 2 overlap, 3 and 4, and 5 is alone (the example of ONNX's tests).
    private static let boxes: [Double] = [
        0, 0, 1, 1, /**/ 0, 0.1, 1, 1.1, /**/ 0, -0.1, 1, 0.9, /**/ 0, 10, 1, 11, /**/ 0, 10.1, 1, 11.1, /**/
        0, 100, 1, 101,
    ]
    private static let scores: [Double] = [0.9, 0.75, 0.6, 0.95, 0.5, 0.3]

    @Test("boxes and scores that are part of the network are folded")
    func conformance() throws {
        var generator = SeededGenerator(seed: 11)
        let (boxes, scores) = (try reals(Self.boxes, [1, 6, 4]), try reals(Self.scores, [1, 1, 6]))
        let manyBoxes = try Tensor.random([2, 40, 4], using: &generator)
        let manyScores = try Tensor.random([2, 3, 40], using: &generator)
        try checkOperator([
            OperatorCase(op(), boxes.shape, scores.shape, constants: [0: boxes, 1: scores]),
            OperatorCase(op(maximum: 7), manyBoxes.shape, manyScores.shape, constants: [0: manyBoxes, 1: manyScores]),
            OperatorCase(op(maximum: 0), manyBoxes.shape, manyScores.shape, constants: [0: manyBoxes, 1: manyScores]),
        ])
    }

    @Test("the best of each place, by hand: thresholds, numbers, flipped corners, centres")
    func byHand() throws {
        func indices(_ op: NonMaxSuppression, _ boxes: [Double] = Self.boxes, _ scores: [Double] = Self.scores) throws
            -> [Int64]
        {
            let rows = try op.forward([reals(boxes, [1, 6, 4]), reals(scores, [1, 1, 6])], parameters: [:])[0]
            #expect(rows.shape == [rows.elementCount / 3, 3])
            return rows.integers().enumerated().filter { $0.offset % 3 == 2 }.map(\.element)
        }
        #expect(try indices(op()) == [3, 0, 5])
        #expect(try indices(op(maximum: 2)) == [3, 0])
        #expect(try indices(op(maximum: 0)) == [])
        #expect(try indices(op(maximum: -5)) == [])
        #expect(try indices(op(score: 0.4)) == [3, 0])
        // A score that is equal to the threshold does not exceed it, an overlap that is equal does neither.
        #expect(try indices(op(score: 0.3)) == [3, 0])
        #expect(try indices(op(iou: 1)) == [3, 0, 1, 2, 4, 5])
        let flipped = [1, 1, 0, 0] + Self.boxes.dropFirst(4)
        #expect(try indices(op(), flipped) == [3, 0, 5])
        var centered = op()
        centered.centerBoxes = true
        let centres = [
            0.5, 0.5, 1, 1, 0.5, 0.6, 1, 1, 0.5, 0.4, 1, 1, 0.5, 10.5, 1, 1, 0.5, 10.6, 1, 1, 0.5, 100.5, 1, 1,
        ]
        #expect(try indices(centered, centres) == [3, 0, 5])
        #expect(try indices(op(), Self.boxes, [0.5, 0.5, 0.5, 0.5, 0.5, 0.5]) == [0, 3, 5])
        // What is not a number neither wins nor overlaps.
        #expect(try indices(op(), Self.boxes, [.nan, 0.75, 0.6, .nan, 0.5, 0.3]) == [1, 4, 5])
        #expect(try indices(op(), [.nan, 0, 1, 1] + Self.boxes.dropFirst(4)).contains(0))
        #expect(try indices(op(), [Double](repeating: .infinity, count: 24)).count == 6)
    }

    @Test("rows are in the order of batches and classes")
    func order() throws {
        let boxes = try reals(Self.boxes + Self.boxes, [2, 6, 4])
        let scores = try reals(Self.scores + Self.scores.reversed() + Self.scores + Self.scores, [2, 2, 6])
        let rows = try op(maximum: 1).forward([boxes, scores], parameters: [:])[0].integers()
        #expect(rows == [0, 0, 3, 0, 1, 2, 1, 0, 3, 1, 1, 3].map(Int64.init))
    }

    @Test("limits may come as inputs; boxes that are not known are asked for")
    func binding() throws {
        let (boxes, scores) = (try reals(Self.boxes, [1, 6, 4]), try reals(Self.scores, [1, 1, 6]))
        let limits = [
            try Tensor(integers: [.max], shape: [1]), try Tensor(reals: [0.5], shape: [1], elementType: .f32),
            try Tensor(reals: [0.4], shape: [1], elementType: .f32),
        ]
        let found = try runLayer(NonMaxSuppression(), [boxes, scores] + limits, known: [0, 1, 2, 3, 4])[0]
        #expect(found.integers() == [0, 0, 3, 0, 0, 0])
        expectError(.notSupported, "must be known") { try boundLayer(op(), [boxes, scores], known: [0]) }
    }

    @Test("what cannot be is refused")
    func badInputs() throws {
        func run(_ op: NonMaxSuppression, _ boxes: Shape, _ scores: Shape) throws -> Tensor {
            try op.forward([Tensor(zeros: boxes), Tensor(zeros: scores)], parameters: [:])[0]
        }
        expectError(.shapeMismatch) { try run(op(), [1, 6, 3], [1, 1, 6]) }
        expectError(.shapeMismatch) { try run(op(), [1, 6, 4], [1, 1, 5]) }
        expectError(.shapeMismatch) { try run(op(), [6, 4], [1, 1, 6]) }
        expectError(.invalidArgument, "'iou_threshold'") { try run(op(iou: .nan), [1, 6, 4], [1, 1, 6]) }
        expectError(.invalidArgument, "'score_threshold'") { try run(op(score: .nan), [1, 6, 4], [1, 1, 6]) }
        #expect(try run(op(), [0, 6, 4], [0, 1, 6]).shape == [0, 3])
        #expect(try run(op(), [1, 0, 4], [1, 3, 0]).shape == [0, 3])
    }

    private func op(maximum: Int = 10, iou: Double = 0.5, score: Double? = nil) -> NonMaxSuppression {
        var op = NonMaxSuppression()
        (op.maximumPerClass, op.iouThreshold, op.scoreThreshold) = (maximum, iou, score)
        return op
    }

    private func reals(_ values: [Double], _ shape: Shape) throws -> Tensor {
        try Tensor(reals: values, shape: shape, elementType: .f32)
    }
}
