import TesseraCore

/// What a network file says of an input: its shape, and how a picture becomes such a tensor.
///
/// `image: {shape: [1, 3, height, width], order: rgb, scale: 1/255, mean: 0, deviation: 1, resize: bilinear}`
public struct InputDeclaration: Configurable, Equatable {
    /// What to do with a picture of another size than a fixed shape asks for.
    public enum Resize: String, Sendable, ConfigurationChoice {
        case none, nearest, bilinear, bicubic, area
    }

    public var shape = SymbolicShape([])
    public var scaling = PixelScaling()
    public var resize = Resize.none

    public init() {}

    /// An input that is given as a tensor, or as a picture with values from 0 to 1.
    public init(_ shape: SymbolicShape) { self.shape = shape }

    public static var keys: [Key<Self>] {
        [
            Key(required: "shape", \.shape, "[batch, channels, height, width]; a name leaves a size open"),
            Key("order", \.scaling.order, "what the channels are; grey for one, rgb for three by default"),
            Key("scale", \.scaling.scale, "what a pixel's 0…255 is multiplied by"),
            Key("mean", \.scaling.mean, "what is subtracted then, for all channels or each"),
            Key("deviation", \.scaling.deviation, "what that is divided by, for all channels or each"),
            Key("resize", \.resize, "what to do with a picture of another size than the shape's"),
        ]
    }

    public func validate() throws {
        try scaling.validate()
        if let order = scaling.order, case .fixed(let channels)? = pictureDimensions?.channels {
            guard order.channels == channels else {
                throw TesseraError(
                    .shapeMismatch,
                    "expected a shape of \(order.channels) channels for the order \(order.rawValue), found \(shape)")
            }
        }
    }

    /// A picture as the tensor [1, channels, height, width] that this input takes.
    ///
    /// - Throws: `shapeMismatch` if the picture does not fit and is not to be resized, or the input takes no pictures.
    public func tensor(of picture: Picture) throws -> Tensor {
        guard let (batch, channels, height, width) = pictureDimensions else {
            throw TesseraError(
                .shapeMismatch, "expected a tensor of \(shape), found a picture, which is [1, channels, height, width]")
        }
        if case .fixed(let batch) = batch, batch != 1 {
            throw TesseraError(.shapeMismatch, "expected a tensor of \(shape), found one picture")
        }
        let fitted = try fit(picture, height: height.fixedSize, width: width.fixedSize)
        return try scaling.tensor(of: fitted, channels: channels.fixedSize)
    }

    private func fit(_ picture: Picture, height: Int?, width: Int?) throws -> Picture {
        let (width, height) = (width ?? picture.width, height ?? picture.height)
        if width == picture.width, height == picture.height { return picture }
        guard let filter = Picture.Filter(rawValue: resize.rawValue) else {
            throw TesseraError(
                .shapeMismatch,
                "expected a picture \(width) wide and \(height) high, found \(picture.width) wide and \(picture.height) high;"
                    + " 'resize: bilinear' at the input would make it fit")
        }
        return try picture.resized(width: width, height: height, filter: filter)
    }

    private var pictureDimensions: (batch: Dimension, channels: Dimension, height: Dimension, width: Dimension)? {
        let sizes = shape.dimensions
        return sizes.count == 4 ? (sizes[0], sizes[1], sizes[2], sizes[3]) : nil
    }
}

extension Dimension {
    fileprivate var fixedSize: Int? {
        if case .fixed(let size) = self { size } else { nil }
    }
}
