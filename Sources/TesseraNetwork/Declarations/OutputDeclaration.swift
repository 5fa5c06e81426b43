import TesseraCore

/// What a network file says of an output: the layer it is, and how its tensor becomes a picture.
///
/// `denoised`, `logits: linear`, or `picture: {from: denoised, scale: 1/255, mean: 0, deviation: 1}`
public struct OutputDeclaration: Configurable, Equatable {
    /// The layer; nil for the one of the output's own name.
    public var from: String?
    public var scaling = PixelScaling()

    public init() {}

    public static var shorthandKey: String? { "from" }

    public static var keys: [Key<Self>] {
        [
            Key("from", \.from, "the layer; the output's own name by default"),
            Key("order", \.scaling.order, "what the channels are; grey for one, rgb for three by default"),
            Key("scale", \.scaling.scale, "what a pixel's 0…255 was multiplied by"),
            Key("mean", \.scaling.mean, "what was subtracted then, for all channels or each"),
            Key("deviation", \.scaling.deviation, "what that was divided by, for all channels or each"),
        ]
    }

    public func validate() throws { try scaling.validate() }

    /// The picture that a tensor [1, 1 or 3, height, width] shows.
    ///
    /// - Throws: `shapeMismatch` for another shape.
    public func picture(of tensor: Tensor) throws -> Picture { try scaling.picture(of: tensor) }
}
