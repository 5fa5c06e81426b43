import CFFmpeg
import TesseraCore

extension VideoFrame {
    /// The same picture in another pixel format; RGB and JPEG's YUV have the full range of values.
    func converted(to target: AVPixelFormat) throws -> VideoFrame {
        let result = try VideoFrame(width: width, height: height, format: target)
        let flags = SWS_BILINEAR | SWS_ACCURATE_RND | SWS_BITEXACT | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP
        guard
            let context = sws_getContext(
                frame.pointee.width, frame.pointee.height, format, frame.pointee.width, frame.pointee.height, target,
                flags, nil, nil, nil)
        else {
            throw TesseraError(.notSupported, "cannot convert a picture's pixel format")
        }
        defer { sws_freeContext(context) }
        let matrix = sws_getCoefficients(SWS_CS_ITU601)
        sws_setColorspaceDetails(
            context, matrix, isFullRange ? 1 : 0, matrix, 1, 0, 1 << 16, 1 << 16)
        guard sws_scale_frame(context, result.frame, frame) >= 0 else {
            throw TesseraError(.backendFailure, "cannot convert a picture's pixel format")
        }
        return result
    }

    private var isFullRange: Bool {
        switch format {
        case AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_YUVJ440P, AV_PIX_FMT_YUVJ411P,
            AV_PIX_FMT_RGB24:
            true
        default: frame.pointee.color_range == AVCOL_RANGE_JPEG
        }
    }
}
