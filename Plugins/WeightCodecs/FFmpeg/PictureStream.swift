import CFFmpeg
import TesseraCompression
import TesseraCore
import TesseraNetwork

/// A codec of FFmpeg's for pictures or films, and how it is set up for weights.
struct PictureStream {
    let stream: MediaStream
    /// The pixels of up to 8 bits, and of up to 16; nil if the codec has none, so that upper and lower bytes go apart.
    let narrow: AVPixelFormat
    let wide: AVPixelFormat?
    /// The smallest side that the encoder takes.
    var smallestSide = 1
    /// Whether frames are predicted from each other, in one stream; otherwise each is a file of its own.
    var isVideo = false

    /// FFmpeg refuses frames of 2^31 bits and more, counting margins of 128 pixels; 2^22 samples of such sides are below that.
    static let limits = WeightCodecLimits(width: 1 << 20, height: 1 << 20)

    /// - Throws: `notSupported` if the codec is lossy, as it is set up, and does not hold so many bits.
    func check(bits: Int, isLossless: Bool) throws {
        try stream.check()
        guard isLossless || bits == 8 || (bits == 16 && wide != nil) else {
            let held = wide == nil ? "8 bits" : "8 or 16 bits"
            throw TesseraError(.notSupported, "its lossy mode is for \(held) per weight, found \(bits)")
        }
    }

    func encode(
        _ frames: WeightFrames, options: (_ width: Int, _ height: Int) -> [String: String],
        configure: (inout AVCodecContext) -> Void = { _ in }
    ) throws -> [UInt8] {
        guard frames.format.bits <= 8 || wide != nil else {
            let upper = try encode(frames.bytes(upper: true), options: options, configure: configure)
            let lower = try encode(frames.bytes(upper: false), options: options, configure: configure)
            var bytes: [UInt8] = []
            VariableInteger.append(upper.count, to: &bytes)
            return bytes + upper + lower
        }
        let format = frames.format.bits <= 8 ? narrow : wide ?? narrow
        let (width, height) = (max(smallestSide, frames.format.width), max(smallestSide, frames.format.height))
        func stream(_ indices: Range<Int>) throws -> PacketList {
            try self.stream.encode(options: options(width, height)) { context in
                (context.width, context.height) = (Int32(width), Int32(height))
                context.pix_fmt = format
                context.color_range = AVCOL_RANGE_JPEG
                context.gop_size = Int32(clamping: max(1, frames.format.count))
                configure(&context)
            } frames: { _ in
                try indices.map {
                    try GreyPixels.frame(frames, index: $0, width: width, height: height, format: format)
                }
            }
        }
        if isVideo { return try stream(0..<frames.format.count).bytes }
        // What is one picture is one file of its kind.
        let files = try (0..<frames.format.count).map { try stream($0..<$0 + 1).packets.flatMap { $0 } }
        guard files.count != 1 else { return files[0] }
        var list = PacketList()
        list.packets = files
        return list.bytes
    }

    func decode(_ bytes: UnsafeRawBufferPointer, as format: FrameFormat) throws -> WeightFrames {
        guard format.bits <= 8 || wide != nil else {
            var rest = bytes[...]
            let count = try VariableInteger.take(from: &rest)
            guard count <= rest.count else { throw TesseraError(.malformedFile, "the stream is cut off") }
            var (high, low) = (format, format)
            (high.bits, low.bits) = (max(1, format.bits - 8), 8)
            let upper = try decode(UnsafeRawBufferPointer(rebasing: rest.prefix(count)), as: high)
            let lower = try decode(UnsafeRawBufferPointer(rebasing: rest.dropFirst(count)), as: low)
            return WeightFrames(format, samples: zip(upper.samples, lower.samples).map { $0 << 8 | $1 })
        }
        var samples: [UInt16] = []
        samples.reserveCapacity(format.sampleCount)
        let side = max(smallestSide, 1)
        let limit = Shape.saturatingProduct(max(side, format.width) + 64, max(side, format.height) + 64)
        let wanted = format.sampleCount
        func read(_ list: PacketList) throws {
            try stream.decode(list, pixelLimit: limit) { context in
                // FFV1 does not say how large its pictures are.
                guard isVideo else { return }
                (context.width, context.height) = (Int32(max(side, format.width)), Int32(max(side, format.height)))
            } _: { frame in
                guard samples.count < wanted else { return false }
                try GreyPixels.append(frame, to: &samples, as: format)
                return true
            }
        }
        if isVideo {
            try read(PacketList(bytes))
        } else {
            let files = format.count == 1 ? [Array(bytes)] : try PacketList(bytes).packets
            for file in files {
                var list = PacketList()
                list.packets = [file]
                try read(list)
            }
        }
        guard samples.count == wanted else {
            throw TesseraError(
                .malformedFile,
                "expected \(format.count) pictures, found \(samples.count / max(1, format.frameSampleCount))")
        }
        return WeightFrames(format, samples: samples)
    }
}
