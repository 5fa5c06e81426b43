import CFFmpeg
import TesseraCompression
import TesseraCore
import TesseraNetwork

/// A codec of FFmpeg's for sound, and how it is set up for weights: PCM of one channel (METHODS.md B8). Samples of fewer than 16
/// bits become the upper bits of 16.
struct AudioStream {
    let stream: MediaStream
    let format: AVSampleFormat
    var rate: Int32 = 48000
    private static let smallestFrame = 64

    func encode(
        _ frames: WeightFrames, options: [String: String], configure: (inout AVCodecContext) -> Void = { _ in }
    ) throws -> [UInt8] {
        try stream.encode(options: options) { context in
            context.sample_fmt = format
            context.sample_rate = rate
            context.time_base = AVRational(num: 1, den: rate)
            av_channel_layout_default(&context.ch_layout, 1)
            configure(&context)
        } frames: { context in
            let size = context.frame_size > 0 ? Int(context.frame_size) : 4096
            // What the encoder keeps back at the start comes out only if something follows.
            let tail = Int(context.initial_padding)
            let total = frames.samples.count + tail
            return try stride(from: 0, to: total, by: size).map { start in
                let isFixed = context.codec.pointee.capabilities & AV_CODEC_CAP_SMALL_LAST_FRAME == 0
                // FLAC's encoder crashed for a last frame of a few samples, fewer than its prediction may look back.
                let count = isFixed ? size : max(min(size, total - start), Self.smallestFrame)
                return try frame(frames, from: start, count: count)
            }
        }.bytes
    }

    private func frame(_ frames: WeightFrames, from start: Int, count: Int) throws -> VideoFrame {
        let frame = try VideoFrame()
        frame.frame.pointee.nb_samples = Int32(count)
        frame.frame.pointee.format = format.rawValue
        frame.frame.pointee.sample_rate = rate
        av_channel_layout_default(&frame.frame.pointee.ch_layout, 1)
        guard av_frame_get_buffer(frame.frame, 0) == 0, let data = frame.frame.pointee.data.0 else {
            throw TesseraError(.outOfMemory, "no memory for sound")
        }
        let (half, shift) = (1 << (frames.format.bits - 1), 16 - frames.format.bits)
        let memory = UnsafeMutableRawPointer(data)
        for index in 0..<count {
            let sample = start + index < frames.samples.count ? Int(frames.samples[start + index]) : half
            let value = (sample - half) << shift
            switch format {
            case AV_SAMPLE_FMT_FLTP, AV_SAMPLE_FMT_FLT:
                memory.storeBytes(of: Float(value) / 32768, toByteOffset: 4 * index, as: Float.self)
            default: memory.storeBytes(of: Int16(value), toByteOffset: 2 * index, as: Int16.self)
            }
        }
        return frame
    }

    func decode(_ bytes: UnsafeRawBufferPointer, as format: FrameFormat) throws -> WeightFrames {
        let list = try PacketList(bytes)
        var samples: [UInt16] = []
        samples.reserveCapacity(format.sampleCount)
        var skipped = 0
        try stream.decode(list) { context in
            context.sample_rate = rate
            av_channel_layout_default(&context.ch_layout, 1)
            // What comes before the first sample is left out here, so that no decoder does so by itself.
            context.flags2 |= AV_CODEC_FLAG2_SKIP_MANUAL
        } _: { frame in
            try append(frame, to: &samples, skipped: &skipped, leading: list.leadingSamples, as: format)
            return samples.count < format.sampleCount
        }
        guard samples.count == format.sampleCount else {
            throw TesseraError(.malformedFile, "expected \(format.sampleCount) samples, found \(samples.count)")
        }
        return WeightFrames(format, samples: samples)
    }

    private func append(
        _ frame: VideoFrame, to samples: inout [UInt16], skipped: inout Int, leading: Int, as format: FrameFormat
    ) throws {
        guard let data = frame.frame.pointee.data.0, frame.frame.pointee.ch_layout.nb_channels == 1 else {
            throw TesseraError(.malformedFile, "expected sound of one channel, found other")
        }
        let memory = UnsafeRawPointer(data)
        let (half, shift) = (1 << (format.bits - 1), 16 - format.bits)
        let rounding = shift > 0 ? 1 << (shift - 1) : 0
        for index in 0..<Int(frame.frame.pointee.nb_samples) where samples.count < format.sampleCount {
            guard skipped >= leading else {
                skipped += 1
                continue
            }
            let value: Int
            switch AVSampleFormat(frame.frame.pointee.format) {
            case AV_SAMPLE_FMT_S16, AV_SAMPLE_FMT_S16P:
                value = Int(memory.load(fromByteOffset: 2 * index, as: Int16.self))
            case AV_SAMPLE_FMT_S32, AV_SAMPLE_FMT_S32P:
                value = Int(memory.load(fromByteOffset: 4 * index, as: Int32.self) >> 16)
            case AV_SAMPLE_FMT_FLT, AV_SAMPLE_FMT_FLTP:
                let number = memory.load(fromByteOffset: 4 * index, as: Float.self)
                value = Int((min(max(number.isFinite ? number : 0, -1), 1) * 32768).rounded())
            default: throw TesseraError(.malformedFile, "expected sound of 16 bits or floats, found other")
            }
            let sample = (value + rounding) >> shift + half
            samples.append(UInt16(min(max(sample, 0), Int(format.largest))))
        }
    }
}
