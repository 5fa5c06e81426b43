import CFFmpeg
import TesseraCore

/// FFmpeg's decoders of still pictures, fed with bytes at hand: no demuxer, so nothing in a file can name another one.
enum ImageDecoder {
    /// - Throws: `malformedFile` in FFmpeg's words, `limitExceeded` for too many pixels.
    static func decode(_ bytes: UnsafeRawBufferPointer, codec id: AVCodecID) throws -> VideoFrame {
        let context = try CodecContext(decoder: id)
        context.pointer.pointee.max_pixels = Int64(Picture.pixelLimit(ofBytes: bytes.count))
        context.pointer.pointee.err_recognition = AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER | AV_EF_EXPLODE
        // libjpeg's own inverse transform, so that pixels come out as other programs see them.
        context.pointer.pointee.idct_algo = FF_IDCT_INT
        try context.open()
        let frame = try VideoFrame()
        let packet = try Packet(copying: bytes)
        try check(avcodec_send_packet(context.pointer, packet.pointer), context)
        // A decoder that holds the picture back gives it at the end of the stream.
        avcodec_send_packet(context.pointer, nil)
        try check(avcodec_receive_frame(context.pointer, frame.frame), context)
        guard frame.frame.pointee.decode_error_flags == 0 else {
            throw TesseraError(.malformedFile, "parts of it cannot be decoded")
        }
        return frame
    }

    private static func check(_ status: Int32, _ context: CodecContext) throws {
        guard status < 0 else { return }
        if status == CFFMPEG_NO_MEMORY { throw TesseraError(.outOfMemory, "no memory to decode a picture") }
        throw TesseraError(.malformedFile, CodecContext.describe(status))
    }
}
