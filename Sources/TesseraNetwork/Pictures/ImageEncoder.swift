import CFFmpeg
import TesseraCore

/// FFmpeg's encoders of still pictures.
enum ImageEncoder {
    /// The bytes of a PNG or JPEG file.
    ///
    /// - Throws: `notSupported` for another format, `backendFailure` if the encoder fails.
    static func encode(_ picture: Picture, as format: PictureFormat) throws -> [UInt8] {
        let frame = try frame(of: picture, for: format)
        let context = try CodecContext(encoder: format.codec)
        context.pointer.pointee.width = frame.frame.pointee.width
        context.pointer.pointee.height = frame.frame.pointee.height
        context.pointer.pointee.pix_fmt = frame.format
        context.pointer.pointee.time_base = AVRational(num: 1, den: 1)
        if format == .jpeg {
            context.pointer.pointee.color_range = AVCOL_RANGE_JPEG
            context.pointer.pointee.flags |= AV_CODEC_FLAG_QSCALE
            context.pointer.pointee.qmin = 1
            context.pointer.pointee.global_quality = FF_QP2LAMBDA
            frame.frame.pointee.quality = FF_QP2LAMBDA
        }
        try context.open()
        try check(avcodec_send_frame(context.pointer, frame.frame))
        avcodec_send_frame(context.pointer, nil)
        let packet = try Packet()
        try check(avcodec_receive_packet(context.pointer, packet.pointer))
        return packet.bytes
    }

    private static func frame(of picture: Picture, for format: PictureFormat) throws -> VideoFrame {
        switch (format, picture.channels) {
        case (.png, 1): return try packed(picture, AV_PIX_FMT_GRAY8)
        case (.png, _): return try packed(picture, AV_PIX_FMT_RGB24)
        // The encoder has no grey: three equal channels have no colour.
        case (.jpeg, _): return try packed(picture.rgb(), AV_PIX_FMT_RGB24).converted(to: AV_PIX_FMT_YUVJ444P)
        default: throw TesseraError(.notSupported, "cannot write \(format.rawValue) pictures")
        }
    }

    private static func packed(_ picture: Picture, _ format: AVPixelFormat) throws -> VideoFrame {
        let frame = try VideoFrame(width: picture.width, height: picture.height, format: format)
        let rowBytes = picture.width * picture.channels
        try picture.pixels.withUnsafeBufferPointer { pixels in
            guard let source = pixels.baseAddress else { return }
            for y in 0..<picture.height { try frame.row(y).update(from: source + y * rowBytes, count: rowBytes) }
        }
        return frame
    }

    private static func check(_ status: Int32) throws {
        guard status < 0 else { return }
        throw TesseraError(.backendFailure, "cannot encode the picture: \(CodecContext.describe(status))")
    }
}
