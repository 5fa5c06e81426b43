import TesseraCore

/// How boxes and scores become the objects that are seen in a picture.
///
/// `faces: {detect: {boxes: boxes, scores: scores, score: 0.7, labels: [background, face], background: 0}}`
public struct DetectionDeclaration: Configurable, ConfigurationValue, Equatable {
    /// The layer that makes the boxes: [batch, boxes, 4] or [boxes, 4].
    public var boxes = ""
    /// The layer that makes a score of each class for each box: [batch, boxes, classes], or without batch or classes.
    public var scores = ""
    public var format = BoxFormat.xyxy
    public var coordinates = BoxCoordinates.normalized
    /// The least score of an object.
    public var score = 0.5
    /// How much two objects of a class may overlap, intersection over union.
    public var iou = 0.5
    /// The most objects for each picture.
    public var maximum = 100
    public var labels: Labels?
    /// The class that is no object.
    public var background: Int?
    public var softmax = false
    /// The input that has the picture; nil for the only one that takes pictures.
    public var picture: String?

    public init() {}

    public static var typeDescription: String { "map of keys" }

    public static var keys: [Key<Self>] {
        [
            Key(required: "boxes", \.boxes, "the layer that makes the boxes, [batch, boxes, 4]"),
            Key(required: "scores", \.scores, "the layer that makes their scores, [batch, boxes, classes]"),
            Key("format", \.format, "what the four numbers of a box are"),
            Key("coordinates", \.coordinates, "what they count: the whole input from 0 to 1, or its pixels"),
            Key("score", \.score, "the least score of an object"),
            Key("iou", \.iou, "how much objects of one class may overlap, intersection over union"),
            Key("maximum", \.maximum, "the most objects for each picture"),
            Key("labels", \.labels, "the classes' names: a list, or a file with one on each line"),
            Key("background", \.background, "the class that is no object"),
            Key("softmax", \.softmax, "whether scores are still to become probabilities"),
            Key("picture", \.picture, "the input that has the picture, if there are several"),
        ]
    }

    public func validate() throws {
        guard (0...1).contains(iou) else {
            throw TesseraError(.invalidArgument, "expected a share from 0 to 1, found \(iou)", path: "iou")
        }
        guard score.isFinite else {
            throw TesseraError(.invalidArgument, "expected a number, found \(score)", path: "score")
        }
        guard maximum >= 1 else {
            throw TesseraError(.invalidArgument, "expected at least 1, found \(maximum)", path: "maximum")
        }
        guard background.map({ $0 >= 0 }) ?? true else {
            throw TesseraError(
                .invalidArgument, "expected a class from 0 on, found \(background ?? 0)", path: "background")
        }
    }
}
