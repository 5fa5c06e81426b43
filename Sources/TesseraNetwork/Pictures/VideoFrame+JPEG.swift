import CFFmpeg
import TesseraCore

extension VideoFrame {
    /// True for the layouts of nearly all JPEG files, which `pictureFromJPEG` knows.
    var isCommonJPEG: Bool { chromaSubsampling != nil }

    /// By how much the colour is coarser than the brightness, as powers of two; nil if this is another layout.
    private var chromaSubsampling: (x: Int, y: Int)? {
        switch format {
        case AV_PIX_FMT_YUVJ444P: (0, 0)
        case AV_PIX_FMT_YUVJ422P: (1, 0)
        case AV_PIX_FMT_YUVJ420P: (1, 1)
        case AV_PIX_FMT_YUV444P where frame.pointee.color_range == AVCOL_RANGE_JPEG: (0, 0)
        case AV_PIX_FMT_YUV422P where frame.pointee.color_range == AVCOL_RANGE_JPEG: (1, 0)
        case AV_PIX_FMT_YUV420P where frame.pointee.color_range == AVCOL_RANGE_JPEG: (1, 1)
        default: nil
        }
    }

    /// The picture in RGB, with libjpeg's interpolation of colour and its conversion, so that a network sees the pixels
    /// it was trained on by programs that use libjpeg (swscale differs by up to 14).
    func pictureFromJPEG() throws -> Picture {
        guard let (subsampledX, subsampledY) = chromaSubsampling, let brightness = frame.pointee.data.0,
            let blue = frame.pointee.data.1, let red = frame.pointee.data.2
        else { throw TesseraError(.backendFailure, "a JPEG frame has no pixels") }
        let chromaHeight = (height + subsampledY) >> subsampledY
        let chromaWidth = (width + subsampledX) >> subsampledX
        var pixels = [UInt8](repeating: 0, count: width * height * 3)
        var blueRow = [Int32](repeating: 0, count: width + 1)
        var redRow = blueRow
        for y in 0..<height {
            let near = y >> subsampledY
            let far = subsampledY == 0 ? near : min(max(near + (y & 1 == 0 ? -1 : 1), 0), chromaHeight - 1)
            func interpolate(_ plane: UnsafePointer<UInt8>, _ lineSize: Int32, _ target: inout [Int32]) {
                ChromaRow(
                    near: plane + near * Int(lineSize), far: plane + far * Int(lineSize), count: chromaWidth,
                    isCoarseX: subsampledX == 1, isCoarseY: subsampledY == 1
                ).interpolate(into: &target)
            }
            interpolate(blue, frame.pointee.linesize.1, &blueRow)
            interpolate(red, frame.pointee.linesize.2, &redRow)
            let row = brightness + y * Int(frame.pointee.linesize.0)
            for x in 0..<width {
                let (value, cb, cr) = (Int32(row[x]), blueRow[x] - 128, redRow[x] - 128)
                let start = (y * width + x) * 3
                pixels[start] = clamped(value + (91881 * cr + 32768) >> 16)
                pixels[start + 1] = clamped(value + (-22554 * cb - 46802 * cr + 32768) >> 16)
                pixels[start + 2] = clamped(value + (116130 * cb + 32768) >> 16)
            }
        }
        return try Picture(width: width, height: height, channels: 3, pixels: pixels)
    }
}

private func clamped(_ value: Int32) -> UInt8 { UInt8(max(0, min(255, value))) }

/// One row of colour, interpolated to the brightness's resolution: libjpeg's "fancy upsampling" (`jdsample.c`), a
/// triangle filter of 3/4 and 1/4 along each axis.
///
/// The pointers belong to a frame that outlives this value; both rows have `count` elements.
private struct ChromaRow {
    let near: UnsafePointer<UInt8>
    let far: UnsafePointer<UInt8>
    let count: Int
    let isCoarseX: Bool
    let isCoarseY: Bool

    /// `target` has room for twice `count` elements less one, or for `count` if the row is as fine as it should be.
    func interpolate(into target: inout [Int32]) {
        guard isCoarseX else {
            for x in 0..<count { target[x] = Int32(near[x]) }
            return
        }
        // libjpeg repeats what is too narrow to interpolate.
        guard count > 2 else {
            for x in target.indices { target[x] = Int32(near[min(x >> 1, count - 1)]) }
            return
        }
        // Without a far row, weights of 3 and 1 out of 4; with one, 9, 3, 3 and 1 out of 16. The rounding alternates.
        let (roundLeft, roundRight, shift): (Int32, Int32, Int32) = isCoarseY ? (8, 7, 4) : (1, 2, 2)
        for x in 0..<count {
            let here = column(x)
            let left = x == 0 ? here : column(x - 1)
            let right = x == count - 1 ? here : column(x + 1)
            target[2 * x] = (3 * here + left + roundLeft) >> shift
            if 2 * x + 1 < target.count { target[2 * x + 1] = (3 * here + right + roundRight) >> shift }
        }
    }

    private func column(_ x: Int) -> Int32 {
        isCoarseY ? 3 * Int32(near[x]) + Int32(far[x]) : Int32(near[x])
    }
}
