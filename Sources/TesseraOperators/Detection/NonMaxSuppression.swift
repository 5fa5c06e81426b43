import TesseraCore

/// The boxes that are left when, from the best to the worst, every box that overlaps a better one of its class too much is
/// dropped: rows of batch, class and box index, [n, 3] (ONNX's NonMaxSuppression).
///
/// Boxes [batch, boxes, 4] are two opposite corners, y1, x1, y2, x2, or with `center_boxes` centre and size, x, y, width,
/// height. Scores are [batch, classes, boxes]. Overlap is the intersection over the union of the areas. Of boxes with equal
/// scores the first counts as better. The rows are in the order of batches and classes, in each from the best box on.
///
/// How many rows there are depends on the boxes, so these are known when the layer is bound.
public struct NonMaxSuppression: SelectsInputs, Equatable {
    public static let name = "non_max_suppression"
    public static let summary = "The best of overlapping boxes"

    public var maximumPerClass = 0
    public var iouThreshold = 0.0
    public var scoreThreshold: Double?
    public var centerBoxes = false
    public var inputs: [String]?

    public init() {}

    public var isSpatiallyLocal: Bool { false }
    public static let inputNames = ["boxes", "scores", "maximum_per_class", "iou_threshold", "score_threshold"]
    public var inputCount: ClosedRange<Int> { 2...5 }
    public static let shapes = "boxes [batch, boxes, 4], scores [batch, classes, boxes] → [as many as are left, 3]"
    public static let keys: [Key<NonMaxSuppression>] = [
        Key("maximum_per_class", \.maximumPerClass, "how many boxes of a class are taken at most"),
        Key("iou_threshold", \.iouThreshold, "the overlap above which the worse of two boxes is dropped"),
        Key("score_threshold", \.scoreThreshold, "the score that a box must exceed; any if left out"),
        Key("center_boxes", \.centerBoxes, "whether boxes are given by centre and size"),
        inputsKey,
    ]

    public func validate() throws {
        guard (0...1).contains(iouThreshold) else {
            throw TesseraError(.invalidArgument, "expected 'iou_threshold' from 0 to 1, found \(iouThreshold)")
        }
        if let scoreThreshold, scoreThreshold.isNaN {
            throw TesseraError(.invalidArgument, "expected 'score_threshold' to be a number, found \(scoreThreshold)")
        }
    }

    /// The constant that comes out.
    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        var (op, control) = (self, ControlInputs(inputs))
        let (boxes, scores) = (try control.tensor("boxes"), try control.tensor("scores"))
        guard let boxes, let scores else {
            throw TesseraError(.invalidArgument, "'non_max_suppression' expects boxes and scores")
        }
        op.maximumPerClass = try control.integer("maximum_per_class") ?? maximumPerClass
        op.iouThreshold = try control.number("iou_threshold") ?? iouThreshold
        op.scoreThreshold = try control.number("score_threshold") ?? scoreThreshold
        _ = try outputTypes(for: [boxes.elementType, scores.elementType])
        let result = try op.forward([boxes, scores], parameters: [:])[0]
        return .layer(Constant(result), inputs: [], parameters: ["value": result])
    }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        _ = try commonType(of: Array(inputs.prefix(2))) { $0.isFloatingPoint }
        return [.i64]
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        throw TesseraError(.notSupported, "how many boxes are left is known only when they are")
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        try validate()
        // In the precision of the scores, so that one that is written like the threshold does not exceed it.
        let limits = try Tensor(
            reals: [iouThreshold, scoreThreshold ?? -.infinity], shape: [2], elementType: inputs[1].elementType
        )
        .reals()
        let (boxShape, scoreShape) = (inputs[0].shape, inputs[1].shape)
        guard boxShape.rank == 3, scoreShape.rank == 3, boxShape[2] == 4, scoreShape[0] == boxShape[0],
            scoreShape[2] == boxShape[1]
        else {
            throw TesseraError(
                .shapeMismatch,
                "expected boxes [batch, boxes, 4] and scores [batch, classes, boxes], found \(boxShape) and \(scoreShape)"
            )
        }
        let (boxes, scores) = (inputs[0].reals(), inputs[1].reals())
        let (classes, count) = (scoreShape[1], boxShape[1])
        var rows: [Int64] = []
        for batch in 0..<boxShape[0] {
            let corners = (0..<count).map { index in
                Box(boxes[(batch * count + index) * 4..<(batch * count + index + 1) * 4], isCentered: centerBoxes)
            }
            for category in 0..<classes {
                let start = (batch * classes + category) * count
                for index in selected(corners, scores[start..<start + count], limits) {
                    rows += [Int64(batch), Int64(category), Int64(index)]
                }
            }
        }
        return [try Tensor(integers: rows, shape: [rows.count / 3, 3])]
    }

    /// The boxes of one class that are left. A score that is not a number is none.
    private func selected(_ boxes: [Box], _ scores: ArraySlice<Double>, _ limits: [Double]) -> [Int] {
        guard maximumPerClass > 0 else { return [] }
        let scores = Array(scores)
        let candidates = boxes.indices.filter { index in
            scoreThreshold == nil ? !scores[index].isNaN : scores[index] > limits[1]
        }
        let ordered = candidates.sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }
        var kept: [Int] = []
        for index in ordered {
            if kept.count == maximumPerClass { break }
            if kept.allSatisfy({ !(boxes[$0].overlap(boxes[index]) > limits[0]) }) { kept.append(index) }
        }
        return kept
    }
}

/// A rectangle.
private struct Box {
    let (left, right, top, bottom): (Double, Double, Double, Double)

    init(_ values: ArraySlice<Double>, isCentered: Bool) {
        let v = Array(values)
        if isCentered {
            (left, right) = (v[0] - v[2] / 2, v[0] + v[2] / 2)
            (top, bottom) = (v[1] - v[3] / 2, v[1] + v[3] / 2)
        } else {
            (top, bottom) = (min(v[0], v[2]), max(v[0], v[2]))
            (left, right) = (min(v[1], v[3]), max(v[1], v[3]))
        }
    }

    private var area: Double { (right - left) * (bottom - top) }

    /// The area of the intersection over that of the union; 0 if there is none.
    func overlap(_ other: Box) -> Double {
        let width = min(right, other.right) - max(left, other.left)
        let height = min(bottom, other.bottom) - max(top, other.top)
        guard width > 0, height > 0 else { return 0 }
        let intersection = width * height
        return intersection / (area + other.area - intersection)
    }
}
