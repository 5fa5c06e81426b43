import CFFmpeg
import TesseraCore

extension Picture {
    /// How pixels between pixels are found. Making a picture smaller, all but `nearest` take every pixel into account.
    public enum Filter: String, Sendable, CaseIterable {
        case nearest, bilinear, bicubic, area
    }

    /// The picture in another size.
    ///
    /// - Throws: `limitExceeded` for a size without pixels or with more than `pixelLimit`.
    public func resized(width newWidth: Int, height newHeight: Int, filter: Filter) throws -> Picture {
        try Self.checkSize(width: newWidth, height: newHeight)
        if newWidth == width, newHeight == height { return self }
        guard
            let context = sws_getContext(
                Int32(width), Int32(height), AV_PIX_FMT_GRAY8, Int32(newWidth), Int32(newHeight), AV_PIX_FMT_GRAY8,
                filter.flags | SWS_ACCURATE_RND | SWS_BITEXACT, nil, nil, nil)
        else {
            throw TesseraError(
                .notSupported, "cannot resize a picture from \(width)x\(height) to \(newWidth)x\(newHeight)")
        }
        defer { sws_freeContext(context) }
        // Channel by channel: scaling RGB, swscale would go through YUV and lose the last bit.
        let source = try VideoFrame(width: width, height: height, format: AV_PIX_FMT_GRAY8)
        let target = try VideoFrame(width: newWidth, height: newHeight, format: AV_PIX_FMT_GRAY8)
        var result = [UInt8](repeating: 0, count: newWidth * newHeight * channels)
        for channel in 0..<channels {
            try fill(source, channel: channel)
            guard sws_scale_frame(context, target.frame, source.frame) >= 0 else {
                throw TesseraError(.backendFailure, "cannot resize a picture")
            }
            for y in 0..<newHeight {
                let row = try target.row(y)
                for x in 0..<newWidth { result[(y * newWidth + x) * channels + channel] = row[x] }
            }
        }
        return try Picture(width: newWidth, height: newHeight, channels: channels, pixels: result)
    }

    private func fill(_ frame: VideoFrame, channel: Int) throws {
        for y in 0..<height {
            let row = try frame.row(y)
            for x in 0..<width { row[x] = pixels[(y * width + x) * channels + channel] }
        }
    }
}

extension Picture.Filter {
    fileprivate var flags: Int32 {
        switch self {
        case .nearest: SWS_POINT
        case .bilinear: SWS_BILINEAR
        case .bicubic: SWS_BICUBIC
        case .area: SWS_AREA
        }
    }
}
