import CFFmpeg
import TesseraCompression
import TesseraCore
import TesseraNetwork

/// How samples become the pixels of a format, and back.
enum GreyPixels {
    /// A picture of one frame, whose edges are repeated up to the given size.
    static func frame(
        _ frames: WeightFrames, index: Int, width: Int, height: Int, format: AVPixelFormat
    ) throws -> VideoFrame {
        let (ownWidth, ownHeight) = (frames.format.width, frames.format.height)
        let frame = try VideoFrame(width: width, height: height, format: format)
        frame.frame.pointee.color_range = AVCOL_RANGE_JPEG
        let start = index * frames.format.frameSampleCount
        for y in 0..<height {
            let row = try frame.row(y)
            let source = start + min(y, ownHeight - 1) * ownWidth
            for x in 0..<width {
                let sample = frames.samples[source + min(x, ownWidth - 1)]
                switch format {
                case AV_PIX_FMT_GRAY16BE: write(sample.bigEndian, to: row, x)
                case AV_PIX_FMT_GRAY16LE, AV_PIX_FMT_GRAY12LE: write(sample.littleEndian, to: row, x)
                case AV_PIX_FMT_BGRA:
                    // Three equal colours, of which the lossless coder stores the differences: zeros.
                    for channel in 0..<3 { row[4 * x + channel] = UInt8(truncatingIfNeeded: sample) }
                    row[4 * x + 3] = 255
                default: row[x] = UInt8(truncatingIfNeeded: sample)
                }
            }
        }
        try fillColours(of: frame)
        return frame
    }

    /// Formats without a grey variant have planes of colour, which say that there is none.
    private static func fillColours(of frame: VideoFrame) throws {
        guard frame.format == AV_PIX_FMT_YUVJ420P else { return }
        let height = (frame.height + 1) / 2
        guard let blue = frame.frame.pointee.data.1, let red = frame.frame.pointee.data.2 else {
            throw TesseraError(.backendFailure, "a frame has no colours")
        }
        blue.update(repeating: 128, count: height * Int(frame.frame.pointee.linesize.1))
        red.update(repeating: 128, count: height * Int(frame.frame.pointee.linesize.2))
    }

    /// Appends the samples of a picture that is at least as large as the format says.
    ///
    /// - Throws: `malformedFile` for a picture of another size or kind.
    static func append(_ frame: VideoFrame, to samples: inout [UInt16], as format: FrameFormat) throws {
        guard frame.width >= format.width, frame.height >= format.height else {
            throw TesseraError(
                .malformedFile,
                "expected a picture of \(format.width)x\(format.height), found one of \(frame.width)x\(frame.height)")
        }
        let largest = format.largest
        for y in 0..<format.height {
            let row = try frame.row(y)
            for x in 0..<format.width {
                let sample: UInt16
                switch frame.format {
                case AV_PIX_FMT_GRAY8, AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_YUV444P:
                    sample = UInt16(row[x])
                case AV_PIX_FMT_GRAY16BE: sample = UInt16(bigEndian: read(row, x))
                case AV_PIX_FMT_GRAY16LE, AV_PIX_FMT_GRAY12LE, AV_PIX_FMT_GRAY10LE, AV_PIX_FMT_GRAY14LE,
                    AV_PIX_FMT_GRAY9LE:
                    sample = UInt16(littleEndian: read(row, x))
                case AV_PIX_FMT_ARGB, AV_PIX_FMT_BGRA: sample = UInt16(row[4 * x + 2])
                case AV_PIX_FMT_RGB24: sample = UInt16(row[3 * x])
                default:
                    let name = av_get_pix_fmt_name(frame.format).map { String(cString: $0) } ?? "none"
                    throw TesseraError(.malformedFile, "expected a grey picture, found pixels of '\(name)'")
                }
                samples.append(min(sample, largest))
            }
        }
    }

    private static func write(_ value: UInt16, to row: UnsafeMutablePointer<UInt8>, _ x: Int) {
        UnsafeMutableRawPointer(row).storeBytes(of: value, toByteOffset: 2 * x, as: UInt16.self)
    }

    private static func read(_ row: UnsafeMutablePointer<UInt8>, _ x: Int) -> UInt16 {
        UnsafeRawPointer(row).loadUnaligned(fromByteOffset: 2 * x, as: UInt16.self)
    }
}
