import TesseraCore

/// What a network file says of an input: its shape, and how a picture becomes such a tensor.
///
/// `image: {shape: [1, 3, height, width], order: rgb, scale: 1/255, mean: 0, deviation: 1, resize: bilinear}`
public struct InputDeclaration: Configurable, Equatable {
    public var shape = SymbolicShape([])
    public var elementType = ElementType.f32
    public var layout = PictureLayout.nchw
    public var scaling = PixelScaling()
    public var fitting = PictureFitting()

    public init() {}

    /// An input that is given as a tensor, or as a picture with values from 0 to 1.
    public init(_ shape: SymbolicShape, elementType: ElementType = .f32) {
        (self.shape, self.elementType) = (shape, elementType)
    }

    public static var keys: [Key<Self>] {
        [
            Key(required: "shape", \.shape, "[batch, channels, height, width]; a name leaves a size open"),
            Key("type", \.elementType, "the type of its elements"),
            Key("layout", \.layout, "where the channels are in the shape: before the rows, or after the columns"),
            Key("order", \.scaling.order, "what the channels are; grey for one, rgb for three by default"),
            Key("scale", \.scaling.scale, "what a pixel's 0…255 is multiplied by"),
            Key("mean", \.scaling.mean, "what is subtracted then, for all channels or each"),
            Key("deviation", \.scaling.deviation, "what that is divided by, for all channels or each"),
            Key("resize", \.fitting.resize, "how a picture of another size is made to fit"),
            Key("crop", \.fitting.crop, "whether only the middle of a picture is used, which is not distorted then"),
            Key("shorter_side", \.fitting.shorterSide, "the size that the picture's shorter side is resized to before"),
        ]
    }

    public func validate() throws {
        try scaling.validate()
        try fitting.validate(pictureSizes.map { ($0.height.fixedSize, $0.width.fixedSize) })
        if let order = scaling.order, case .fixed(let channels)? = pictureSizes?.channels {
            guard order.channels == channels else {
                throw TesseraError(
                    .shapeMismatch,
                    "expected a shape of \(order.channels) channels for the order \(order.rawValue), found \(shape)")
            }
        }
    }

    /// A picture as the tensor [1, channels, height, width], or [1, height, width, channels], that this input takes.
    ///
    /// - Throws: `shapeMismatch` if the picture does not fit and is not to be resized, or the input takes no pictures.
    public func tensor(of picture: Picture) throws -> Tensor {
        let sizes = try sizesOfPictures()
        if case .fixed(let batch) = sizes.batch, batch != 1 {
            throw TesseraError(.shapeMismatch, "expected a tensor of \(shape), found one picture")
        }
        let fitted = try fitting.fit(picture, height: sizes.height.fixedSize, width: sizes.width.fixedSize)
        return try scaling.tensor(of: fitted, channels: sizes.channels.fixedSize, layout: layout)
    }

    /// What part of a picture such a tensor shows.
    func view(of picture: Picture) throws -> PictureView {
        let sizes = try sizesOfPictures()
        return try fitting.view(
            width: picture.width, height: picture.height, inputHeight: sizes.height.fixedSize,
            inputWidth: sizes.width.fixedSize)
    }

    /// The picture that a tensor of this input shows.
    func picture(of tensor: Tensor) throws -> Picture { try scaling.picture(of: tensor, layout: layout) }

    /// Height and width of a tensor of this input; nil if it is no picture's.
    func pictureSize(of shape: Shape) -> (height: Int, width: Int)? {
        guard shape.rank == 4 else { return nil }
        return layout == .nchw ? (shape[2], shape[3]) : (shape[1], shape[2])
    }

    /// True if a picture can be given for this input.
    var takesPictures: Bool { pictureSizes != nil }

    private func sizesOfPictures() throws -> PictureSizes {
        guard let pictureSizes else {
            throw TesseraError(
                .shapeMismatch,
                "expected a tensor of \(shape), found a picture, which is \(layout.description)")
        }
        return pictureSizes
    }

    private typealias PictureSizes = (batch: Dimension, channels: Dimension, height: Dimension, width: Dimension)

    private var pictureSizes: PictureSizes? {
        let sizes = shape.dimensions
        guard sizes.count == 4 else { return nil }
        return layout == .nchw ? (sizes[0], sizes[1], sizes[2], sizes[3]) : (sizes[0], sizes[3], sizes[1], sizes[2])
    }
}

/// The order of a picture tensor's axes.
public enum PictureLayout: String, Sendable, ConfigurationChoice {
    case nchw, nhwc

    var description: String {
        self == .nchw ? "[1, channels, height, width]" : "[1, height, width, channels]"
    }
}
