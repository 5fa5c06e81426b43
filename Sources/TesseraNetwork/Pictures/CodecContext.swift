import CFFmpeg
import TesseraCore

/// One of FFmpeg's codecs, ready to be set up and opened. It owns the C context, and is used by the one who made it.
final class CodecContext {
    let pointer: UnsafeMutablePointer<AVCodecContext>
    private let codec: UnsafePointer<AVCodec>

    convenience init(decoder id: AVCodecID) throws { try self.init(avcodec_find_decoder(id), id) }
    convenience init(encoder id: AVCodecID) throws { try self.init(avcodec_find_encoder(id), id) }

    private init(_ codec: UnsafePointer<AVCodec>?, _ id: AVCodecID) throws {
        _ = Self.quietLog
        guard let codec else {
            throw TesseraError(
                .notSupported, "this host's FFmpeg has no codec for \(String(cString: avcodec_get_name(id)))")
        }
        guard let pointer = avcodec_alloc_context3(codec) else {
            throw TesseraError(.outOfMemory, "no memory for a codec")
        }
        self.codec = codec
        self.pointer = pointer
        // One picture is too little for several threads, and starting them costs more than they bring.
        pointer.pointee.thread_count = 1
    }

    deinit {
        var pointer: UnsafeMutablePointer<AVCodecContext>? = pointer
        avcodec_free_context(&pointer)
    }

    func open() throws {
        let status = avcodec_open2(pointer, codec, nil)
        guard status == 0 else {
            throw TesseraError(
                .backendFailure,
                "cannot start the \(String(cString: codec.pointee.name)) codec: \(Self.describe(status))")
        }
    }

    /// FFmpeg's words for a status.
    static func describe(_ status: Int32) -> String {
        var text = [CChar](repeating: 0, count: 256)
        av_strerror(status, &text, text.count)
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Errors are thrown; FFmpeg need not print them as well.
    private static let quietLog: Void = av_log_set_level(CFFMPEG_LOG_QUIET)
}

/// A piece of encoded data. It owns the C packet, and is used by the one who made it.
final class Packet {
    let pointer: UnsafeMutablePointer<AVPacket>

    init() throws {
        guard let pointer = av_packet_alloc() else { throw TesseraError(.outOfMemory, "no memory for a picture") }
        self.pointer = pointer
    }

    /// A packet with a copy of `bytes`, followed by the zeros that decoders read past the end.
    convenience init(copying bytes: UnsafeRawBufferPointer) throws {
        try self.init()
        guard let count = Int32(exactly: bytes.count), av_new_packet(pointer, count) == 0,
            let data = pointer.pointee.data
        else { throw TesseraError(.outOfMemory, "a picture file of \(bytes.count) bytes is too large") }
        UnsafeMutableRawBufferPointer(start: data, count: bytes.count).copyMemory(from: bytes)
    }

    deinit {
        var pointer: UnsafeMutablePointer<AVPacket>? = pointer
        av_packet_free(&pointer)
    }

    var bytes: [UInt8] {
        Array(UnsafeBufferPointer(start: pointer.pointee.data, count: Int(pointer.pointee.size)))
    }
}
