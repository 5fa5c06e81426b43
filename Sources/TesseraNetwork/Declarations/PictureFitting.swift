import TesseraCore

/// How a picture of any size becomes one of the size that a network takes.
public struct PictureFitting: Sendable, Hashable {
    /// How pixels between pixels are found.
    public enum Resize: String, Sendable, ConfigurationChoice {
        /// A picture of another size is refused.
        case none
        case nearest, bilinear, bicubic, area
    }

    public enum Crop: String, Sendable, ConfigurationChoice {
        /// All of the picture is used, and distorted if need be.
        case none
        /// The middle.
        case center
    }

    public var resize = Resize.none
    public var crop = Crop.none
    /// What the picture's shorter side is resized to before the middle is taken; nil for as little as the input needs.
    public var shorterSide: Int?

    public init() {}

    /// - Parameter size: the size that the input's shape fixes, nil if it takes no pictures.
    func validate(_ size: (height: Int?, width: Int?)?) throws {
        guard crop != .none || shorterSide != nil else { return }
        let isFixed = size?.height != nil && size?.width != nil
        guard crop == .none || isFixed else {
            throw TesseraError(.invalidArgument, "expected a shape of fixed height and width to crop to", path: "crop")
        }
        guard let shorterSide else { return }
        guard shorterSide >= 1 else {
            throw TesseraError(.invalidArgument, "expected at least 1, found \(shorterSide)", path: "shorter_side")
        }
        guard resize != .none else {
            throw TesseraError(.invalidArgument, "expected a 'resize' such as bilinear as well", path: "shorter_side")
        }
        guard crop != .none || (size?.height == nil && size?.width == nil) else {
            throw TesseraError(
                .invalidArgument, "expected 'crop: center' as well, since the shape fixes the size",
                path: "shorter_side")
        }
        if crop != .none, let height = size?.height, let width = size?.width, shorterSide < min(height, width) {
            throw TesseraError(
                .invalidArgument,
                "expected at least \(min(height, width)), the shape's shorter side, found \(shorterSide)",
                path: "shorter_side")
        }
    }

    /// The size that a picture is resized to, and where in it the input begins and ends.
    private struct Steps {
        var width: Int
        var height: Int
        var left = 0
        var top = 0
        var inputWidth: Int
        var inputHeight: Int
    }

    private func steps(width: Int, height: Int, inputHeight: Int?, inputWidth: Int?) throws -> Steps {
        guard crop == .center, let inputHeight, let inputWidth else {
            var (newWidth, newHeight) = (width, height)
            if let shorterSide { (newWidth, newHeight) = Self.scaled(width, height, shorterSide: shorterSide) }
            (newWidth, newHeight) = (inputWidth ?? newWidth, inputHeight ?? newHeight)
            return Steps(width: newWidth, height: newHeight, inputWidth: newWidth, inputHeight: newHeight)
        }
        var (newWidth, newHeight) = (width, height)
        if let shorterSide {
            (newWidth, newHeight) = Self.scaled(width, height, shorterSide: shorterSide)
        } else if resize != .none {
            // As small as covers the input.
            let isWide = width * inputHeight >= height * inputWidth
            newWidth = isWide ? max(inputWidth, width * inputHeight / height) : inputWidth
            newHeight = isWide ? inputHeight : max(inputHeight, height * inputWidth / width)
        }
        guard newWidth >= inputWidth, newHeight >= inputHeight else {
            throw TesseraError(
                .shapeMismatch,
                "expected a picture of at least \(inputWidth) by \(inputHeight) to take the middle of, found \(newWidth) by \(newHeight)"
            )
        }
        return Steps(
            width: newWidth, height: newHeight, left: Self.middle(newWidth - inputWidth),
            top: Self.middle(newHeight - inputHeight), inputWidth: inputWidth, inputHeight: inputHeight)
    }

    /// The size whose shorter side is `shorterSide`; the longer one is rounded down, as in torchvision's `Resize`.
    private static func scaled(_ width: Int, _ height: Int, shorterSide: Int) -> (Int, Int) {
        width <= height
            ? (shorterSide, Shape.saturatingProduct(shorterSide, height) / width)
            : (Shape.saturatingProduct(shorterSide, width) / height, shorterSide)
    }

    /// Half of the rest, to the even number of two equally near, as in torchvision's `CenterCrop`.
    private static func middle(_ rest: Int) -> Int { Int((Double(rest) / 2).rounded(.toNearestOrEven)) }

    /// The picture in the size of the input.
    ///
    /// - Throws: `shapeMismatch` if it would have to be resized and is not to be.
    func fit(_ picture: Picture, height: Int?, width: Int?) throws -> Picture {
        let steps = try steps(width: picture.width, height: picture.height, inputHeight: height, inputWidth: width)
        var picture = picture
        if steps.width != picture.width || steps.height != picture.height {
            guard let filter = Picture.Filter(rawValue: resize.rawValue) else {
                throw TesseraError(
                    .shapeMismatch,
                    "expected a picture \(steps.width) wide and \(steps.height) high, found \(picture.width) wide and \(picture.height) high;"
                        + " 'resize: bilinear' at the input would make it fit")
            }
            picture = try picture.resized(width: steps.width, height: steps.height, filter: filter)
        }
        return try picture.cropped(
            left: steps.left, top: steps.top, width: steps.inputWidth, height: steps.inputHeight)
    }

    /// The part of a picture of this size that the input shows.
    func view(width: Int, height: Int, inputHeight: Int?, inputWidth: Int?) throws -> PictureView {
        let steps = try steps(width: width, height: height, inputHeight: inputHeight, inputWidth: inputWidth)
        let (x, y) = (Double(width) / Double(steps.width), Double(height) / Double(steps.height))
        return PictureView(
            x: Double(steps.left) * x, y: Double(steps.top) * y, width: Double(steps.inputWidth) * x,
            height: Double(steps.inputHeight) * y, of: width, height)
    }
}

extension Picture {
    /// A rectangle of the picture, which must be inside.
    func cropped(left: Int, top: Int, width newWidth: Int, height newHeight: Int) throws -> Picture {
        guard left >= 0, top >= 0, left + newWidth <= width, top + newHeight <= height else {
            throw TesseraError(.shapeMismatch, "expected a rectangle within \(width) by \(height)")
        }
        if newWidth == width, newHeight == height { return self }
        var result: [UInt8] = []
        result.reserveCapacity(newWidth * newHeight * channels)
        for y in top..<top + newHeight {
            let start = (y * width + left) * channels
            result += pixels[start..<start + newWidth * channels]
        }
        return try Picture(width: newWidth, height: newHeight, channels: channels, pixels: result)
    }
}
