import CFFmpeg
import TesseraCore

/// One of FFmpeg's codecs, ready to be set up and opened. It owns the C context, and is used by the one who made it.
package final class CodecContext {
    package let pointer: UnsafeMutablePointer<AVCodecContext>
    private let codec: UnsafePointer<AVCodec>

    convenience init(decoder id: AVCodecID) throws {
        try self.init(avcodec_find_decoder(id), "codec for \(String(cString: avcodec_get_name(id)))")
    }

    convenience init(encoder id: AVCodecID) throws {
        try self.init(avcodec_find_encoder(id), "codec for \(String(cString: avcodec_get_name(id)))")
    }

    /// The encoder that FFmpeg calls so.
    ///
    /// - Throws: `notSupported` if this FFmpeg was built without it.
    package convenience init(encoderNamed name: String) throws {
        try self.init(avcodec_find_encoder_by_name(name), "encoder '\(name)'")
    }

    /// The decoder that FFmpeg calls so.
    ///
    /// - Throws: `notSupported` if this FFmpeg was built without it.
    package convenience init(decoderNamed name: String) throws {
        try self.init(avcodec_find_decoder_by_name(name), "decoder '\(name)'")
    }

    private init(_ codec: UnsafePointer<AVCodec>?, _ noun: String) throws {
        _ = Self.quietLog
        guard let codec else { throw TesseraError(.notSupported, "this host's FFmpeg has no \(noun)") }
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

    /// - Parameter options: the codec's own, by name.
    /// - Throws: `backendFailure` in FFmpeg's words; `invalidArgument` for an option that the codec does not know.
    package func open(_ options: [String: String] = [:]) throws {
        var dictionary: OpaquePointer?
        defer { av_dict_free(&dictionary) }
        for (name, value) in options { av_dict_set(&dictionary, name, value, 0) }
        let status = avcodec_open2(pointer, codec, &dictionary)
        guard status == 0 else {
            throw TesseraError(
                .backendFailure,
                "cannot start the \(String(cString: codec.pointee.name)) codec: \(Self.describe(status))")
        }
        if let unknown = av_dict_get(dictionary, "", nil, AV_DICT_IGNORE_SUFFIX) {
            throw TesseraError(
                .invalidArgument,
                "the \(String(cString: codec.pointee.name)) codec has no option '\(String(cString: unknown.pointee.key))'"
            )
        }
    }

    /// FFmpeg's words for a status.
    package static func describe(_ status: Int32) -> String {
        var text = [CChar](repeating: 0, count: 256)
        av_strerror(status, &text, text.count)
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Errors are thrown; FFmpeg need not print them as well.
    private static let quietLog: Void = av_log_set_level(CFFMPEG_LOG_QUIET)
}

/// A piece of encoded data. It owns the C packet, and is used by the one who made it.
package final class Packet {
    package let pointer: UnsafeMutablePointer<AVPacket>

    package init() throws {
        guard let pointer = av_packet_alloc() else { throw TesseraError(.outOfMemory, "no memory for a picture") }
        self.pointer = pointer
    }

    /// A packet with a copy of `bytes`, followed by the zeros that decoders read past the end.
    package convenience init(copying bytes: UnsafeRawBufferPointer) throws {
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

    package var bytes: [UInt8] {
        Array(UnsafeBufferPointer(start: pointer.pointee.data, count: Int(pointer.pointee.size)))
    }
}
