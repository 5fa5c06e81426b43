import CFFmpeg
import TesseraCore
import TesseraNetwork

/// Sends frames through one of FFmpeg's encoders or decoders.
///
/// Everything runs in one thread, so that encoders give the same bytes each time; several layers are coded at once instead.
struct MediaStream {
    /// FFmpeg's name of the encoder, and that of the decoder; nil for the one that FFmpeg takes for the format.
    let encoder: String
    let decoder: String

    /// - Throws: `notSupported` if this FFmpeg lacks one of them.
    func check() throws {
        _ = try CodecContext(encoderNamed: encoder)
        _ = try CodecContext(decoderNamed: decoder)
    }

    /// Encodes frames.
    ///
    /// - Parameters:
    ///   - options: the encoder's own, by name.
    ///   - configure: sets sizes and formats before the encoder starts.
    ///   - frames: makes the frames; the context tells how many samples each may have.
    func encode(
        options: [String: String], configure: (inout AVCodecContext) -> Void,
        frames: (AVCodecContext) throws -> [VideoFrame]
    ) throws -> PacketList {
        let context = try CodecContext(encoderNamed: encoder)
        context.pointer.pointee.time_base = AVRational(num: 1, den: 25)
        context.pointer.pointee.flags |= AV_CODEC_FLAG_BITEXACT
        configure(&context.pointer.pointee)
        try context.open(options)
        var list = PacketList()
        func drain() throws {
            while true {
                let packet = try Packet()
                let status = avcodec_receive_packet(context.pointer, packet.pointer)
                if status == CFFMPEG_AGAIN || status == CFFMPEG_END_OF_STREAM { return }
                try check(status, "encode")
                list.packets.append(packet.bytes)
            }
        }
        for (index, frame) in try frames(context.pointer.pointee).enumerated() {
            frame.frame.pointee.pts = Int64(index)
            frame.frame.pointee.quality = context.pointer.pointee.global_quality
            try check(avcodec_send_frame(context.pointer, frame.frame), "encode")
            try drain()
        }
        try check(avcodec_send_frame(context.pointer, nil), "encode")
        try drain()
        let result = context.pointer.pointee
        list.leadingSamples = Int(max(0, result.initial_padding))
        if let header = result.extradata {
            list.header = Array(UnsafeBufferPointer(start: header, count: Int(result.extradata_size)))
        }
        return list
    }

    /// Decodes packets, and hands over each frame.
    ///
    /// - Parameters:
    ///   - pixelLimit: the most pixels that a frame may have, for pictures.
    ///   - body: takes a frame; false ends decoding.
    /// - Throws: `malformedFile` in FFmpeg's words, and what `body` throws.
    func decode(
        _ list: PacketList, pixelLimit: Int = .max, configure: (inout AVCodecContext) -> Void = { _ in },
        _ body: (VideoFrame) throws -> Bool
    ) throws {
        let context = try CodecContext(decoderNamed: decoder)
        context.pointer.pointee.max_pixels = Int64(pixelLimit)
        context.pointer.pointee.flags |= AV_CODEC_FLAG_BITEXACT
        context.pointer.pointee.err_recognition = AV_EF_CRCCHECK | AV_EF_EXPLODE
        context.pointer.pointee.idct_algo = FF_IDCT_INT
        context.pointer.pointee.pkt_timebase = AVRational(num: 1, den: 25)
        configure(&context.pointer.pointee)
        if !list.header.isEmpty {
            let size = list.header.count
            guard let memory = av_mallocz(size + Int(AV_INPUT_BUFFER_PADDING_SIZE)) else {
                throw TesseraError(.outOfMemory, "no memory for a codec")
            }
            memory.copyMemory(from: list.header, byteCount: size)
            context.pointer.pointee.extradata = memory.assumingMemoryBound(to: UInt8.self)
            context.pointer.pointee.extradata_size = Int32(size)
        }
        try context.open()
        /// False once nobody wants more.
        func drain() throws -> Bool {
            while true {
                let frame = try VideoFrame()
                let status = avcodec_receive_frame(context.pointer, frame.frame)
                if status == CFFMPEG_AGAIN || status == CFFMPEG_END_OF_STREAM { return true }
                try check(status, "decode")
                guard try body(frame) else { return false }
            }
        }
        for (index, bytes) in list.packets.enumerated() {
            let packet = try bytes.withUnsafeBytes { try Packet(copying: $0) }
            packet.pointer.pointee.pts = Int64(index)
            try check(avcodec_send_packet(context.pointer, packet.pointer), "decode")
            guard try drain() else { return }
        }
        avcodec_send_packet(context.pointer, nil)
        _ = try drain()
    }

    private func check(_ status: Int32, _ verb: String) throws {
        guard status < 0 else { return }
        if status == CFFMPEG_NO_MEMORY { throw TesseraError(.outOfMemory, "no memory to \(verb) weights") }
        let name = verb == "encode" ? encoder : decoder
        let code = verb == "encode" ? TesseraError.Code.backendFailure : .malformedFile
        throw TesseraError(code, "\(name) cannot \(verb) it: \(CodecContext.describe(status))")
    }
}
