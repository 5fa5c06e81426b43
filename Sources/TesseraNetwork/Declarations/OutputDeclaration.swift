import TesseraCore

/// What a network file says of an output: the layer it is, and what its tensor shows: a picture, a ranking of classes, or
/// objects in a picture.
///
/// `denoised`, `logits: linear`, `picture: {from: denoised, scale: 1/255, mean: 0, deviation: 1}`,
/// `logits: {from: linear, labels: labels.txt, top: 5, softmax: true}`, `faces: {detect: {boxes: boxes, scores: scores}}`
public struct OutputDeclaration: Configurable, Equatable {
    /// The layer; nil for the one of the output's own name.
    public var from: String?
    public var layout = PictureLayout.nchw
    public var scaling = PixelScaling()
    public var labels: Labels?
    public var top: Int?
    public var softmax = false
    public var detect: DetectionDeclaration?

    public init() {}

    public static var shorthandKey: String? { "from" }

    public static var keys: [Key<Self>] {
        [
            Key("from", \.from, "the layer; the output's own name by default"),
            Key("layout", \.layout, "where the channels of a picture are"),
            Key("order", \.scaling.order, "what the channels are; grey for one, rgb for three by default"),
            Key("scale", \.scaling.scale, "what a pixel's 0…255 was multiplied by"),
            Key("mean", \.scaling.mean, "what was subtracted then, for all channels or each"),
            Key("deviation", \.scaling.deviation, "what that was divided by, for all channels or each"),
            Key("labels", \.labels, "the classes' names: a list, or a file with one on each line"),
            Key("top", \.top, "how many of the best classes are shown, 5 if there are labels"),
            Key("softmax", \.softmax, "whether scores are still to become probabilities"),
            Key("detect", \.detect, "how boxes and scores become objects in a picture"),
        ]
    }

    public func validate() throws {
        try scaling.validate()
        guard top.map({ $0 >= 1 }) ?? true else {
            throw TesseraError(.invalidArgument, "expected at least 1, found \(top ?? 0)", path: "top")
        }
        guard detect != nil else { return }
        var alone = OutputDeclaration()
        alone.detect = detect
        guard alone == self else {
            throw TesseraError(.invalidArgument, "expected no other keys beside 'detect', found \(configuration)")
        }
    }

    /// What an output shows.
    public enum Kind: Sendable {
        /// A tensor, which may be a picture.
        case tensor
        case ranking
        case detection
    }

    public var kind: Kind { detect != nil ? .detection : ranking != nil ? .ranking : .tensor }

    /// What makes a ranking of the output, if it is to be one.
    var ranking: ClassRanking? {
        guard labels != nil || top != nil || softmax else { return nil }
        return ClassRanking(labels: labels, top: top ?? 5, softmax: softmax)
    }

    /// The declaration with all labels at hand, read from files whose names are relative to the one that names them.
    func resolved(relativeTo file: String) throws -> OutputDeclaration {
        var result = self
        result.labels = try labels?.resolved(relativeTo: file)
        result.detect?.labels = try detect?.labels?.resolved(relativeTo: file)
        return result
    }

    /// The picture that a tensor of 1 or 3 channels shows.
    ///
    /// - Throws: `shapeMismatch` for another shape.
    public func picture(of tensor: Tensor) throws -> Picture { try scaling.picture(of: tensor, layout: layout) }
}
