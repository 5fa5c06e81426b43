import TesseraCore

extension Picture {
    /// How pixels between pixels are found. Making a picture smaller, all but `nearest` take every pixel into account.
    public enum Filter: String, Sendable, CaseIterable {
        case nearest, bilinear, bicubic
        /// The mean of the area that a new pixel covers.
        case area
    }

    /// The picture in another size, equal to the byte to what PIL's `Image.resize` makes (`area` is its `BOX`).
    ///
    /// - Throws: `limitExceeded` for a size without pixels or with more than `pixelLimit`.
    public func resized(width newWidth: Int, height newHeight: Int, filter: Filter) throws -> Picture {
        try Self.checkSize(width: newWidth, height: newHeight)
        // The width first, then the height; in between, a picture that is wide and high must be allowed as well.
        try Self.checkSize(width: newWidth, height: height)
        guard let kernel = filter.kernel else { return try nearest(width: newWidth, height: newHeight) }
        var pixels = pixels
        if newWidth != width {
            let axis = ResamplingAxis(from: width, to: newWidth, kernel: kernel)
            pixels = axis.apply(to: pixels, outer: height, inner: channels)
        }
        if newHeight != height {
            let axis = ResamplingAxis(from: height, to: newHeight, kernel: kernel)
            pixels = axis.apply(to: pixels, outer: 1, inner: newWidth * channels)
        }
        return try Picture(width: newWidth, height: newHeight, channels: channels, pixels: pixels)
    }

    private func nearest(width newWidth: Int, height newHeight: Int) throws -> Picture {
        let columns = Self.nearestPositions(from: width, to: newWidth)
        var result: [UInt8] = []
        result.reserveCapacity(newWidth * newHeight * channels)
        for y in Self.nearestPositions(from: height, to: newHeight) {
            for x in columns {
                let start = (y * width + x) * channels
                for channel in 0..<channels { result.append(pixels[start + channel]) }
            }
        }
        return try Picture(width: newWidth, height: newHeight, channels: channels, pixels: result)
    }

    /// The centres of the new pixels, added up one after another: their rounding decides where two are equally near.
    private static func nearestPositions(from size: Int, to newSize: Int) -> [Int] {
        let step = Double(size) / Double(newSize)
        var centre = step * 0.5
        return (0..<newSize).map { _ in
            defer { centre += step }
            return min(Int(centre), size - 1)
        }
    }
}

extension Picture.Filter {
    /// The weight of a pixel by its distance, and the distance from which it is 0; nil for none.
    fileprivate var kernel: ResamplingAxis.Kernel? {
        switch self {
        case .nearest: nil
        case .area: (0.5, { $0 > -0.5 && $0 <= 0.5 ? 1 : 0 })
        case .bilinear: (1, { max(0, 1 - abs($0)) })
        case .bicubic: (2, Self.cubic)
        }
    }

    /// Keys' cubic convolution with a = -0.5.
    private static func cubic(_ distance: Double) -> Double {
        let (x, a) = (abs(distance), -0.5)
        if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
    }
}
