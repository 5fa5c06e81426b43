import TesseraCore

/// A picture of 8 bits per channel: grey (one channel) or RGB (three, interleaved).
public struct Picture: Sendable, Equatable {
    public let width: Int
    public let height: Int
    /// 1 for grey, 3 for RGB.
    public let channels: Int
    /// Rows from the top, pixels from the left, channels of a pixel side by side.
    public let pixels: [UInt8]

    /// The most pixels a picture may have.
    public static let pixelLimit = 1 << 28

    /// - Throws: `invalidArgument` unless there are `width * height * channels` pixels values, and 1 or 3 channels.
    public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) throws {
        try Self.checkSize(width: width, height: height)
        guard channels == 1 || channels == 3 else {
            throw TesseraError(.invalidArgument, "expected a picture of 1 or 3 channels, found \(channels)")
        }
        guard pixels.count == width * height * channels else {
            throw TesseraError(
                .invalidArgument,
                "expected \(width * height * channels) values for \(width)x\(height)x\(channels), found \(pixels.count)"
            )
        }
        self.width = width
        self.height = height
        self.channels = channels
        self.pixels = pixels
    }

    /// The most pixels that an encoded picture of `byteCount` bytes may have. Formats have ways to say "all white" in few
    /// bytes, so a small file could fill the memory: 16 million pixels are always granted, which takes tens of megabytes, and
    /// beyond that what one byte of a PNG can stand for, 1,024 pixels.
    static func pixelLimit(ofBytes byteCount: Int) -> Int {
        min(pixelLimit, max(1 << 24, Shape.saturatingProduct(byteCount, 1024)))
    }

    /// - Throws: `limitExceeded` for no pixels or more than `limit`.
    static func checkSize(width: Int, height: Int, limit: Int = pixelLimit) throws {
        guard width > 0, height > 0, Shape.saturatingProduct(width, height) <= limit else {
            let reason = limit < pixelLimit ? ", as many as a file of this size may have" : ""
            throw TesseraError(
                .limitExceeded, "expected a picture of 1 to \(limit) pixels\(reason), found \(width)x\(height)")
        }
    }

    /// The brightness of every pixel: ITU-R BT.601 luma, 0.299 R + 0.587 G + 0.114 B, rounded.
    public func grey() throws -> Picture {
        guard channels == 3 else { return self }
        let luma = [UInt8](unsafeUninitializedCapacity: width * height) { target, count in
            pixels.withUnsafeBufferPointer { source in
                for index in 0..<width * height {
                    let (red, green, blue) = (source[index * 3], source[index * 3 + 1], source[index * 3 + 2])
                    let sum = 19595 * UInt32(red) + 38470 * UInt32(green) + 7471 * UInt32(blue)
                    target[index] = UInt8((sum + 0x8000) >> 16)
                }
            }
            count = width * height
        }
        return try Picture(width: width, height: height, channels: 1, pixels: luma)
    }

    /// The picture in three channels; grey becomes three equal ones.
    public func rgb() throws -> Picture {
        guard channels == 1 else { return self }
        var colours: [UInt8] = []
        colours.reserveCapacity(pixels.count * 3)
        for value in pixels { colours.append(contentsOf: repeatElement(value, count: 3)) }
        return try Picture(width: width, height: height, channels: 3, pixels: colours)
    }
}
