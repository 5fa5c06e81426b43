import CFFmpeg
import TesseraCore

/// One of FFmpeg's frames. It owns the C frame, and is used by the one who made it.
package final class VideoFrame {
    package let frame: UnsafeMutablePointer<AVFrame>

    package init() throws {
        guard let frame = av_frame_alloc() else { throw TesseraError(.outOfMemory, "no memory for a picture") }
        self.frame = frame
    }

    /// A frame with room for a picture.
    package convenience init(width: Int, height: Int, format: AVPixelFormat) throws {
        try self.init()
        frame.pointee.width = Int32(width)
        frame.pointee.height = Int32(height)
        frame.pointee.format = format.rawValue
        guard av_frame_get_buffer(frame, 0) == 0 else {
            throw TesseraError(.outOfMemory, "no memory for a picture of \(width)x\(height)")
        }
    }

    deinit {
        var frame: UnsafeMutablePointer<AVFrame>? = frame
        av_frame_free(&frame)
    }

    package var width: Int { Int(frame.pointee.width) }
    package var height: Int { Int(frame.pointee.height) }
    package var format: AVPixelFormat { AVPixelFormat(frame.pointee.format) }

    /// One row of the first plane.
    package func row(_ y: Int) throws -> UnsafeMutablePointer<UInt8> {
        guard let plane = frame.pointee.data.0 else { throw TesseraError(.backendFailure, "a frame has no pixels") }
        return plane + y * Int(frame.pointee.linesize.0)
    }

    /// What the frame shows, as a full-range grey or RGB picture.
    func picture() throws -> Picture {
        try Picture.checkSize(width: width, height: height)
        guard let descriptor = av_pix_fmt_desc_get(format) else {
            throw TesseraError(.malformedFile, "the picture has no pixel format")
        }
        switch format {
        case AV_PIX_FMT_GRAY8: return try packed(channels: 1)
        case AV_PIX_FMT_RGB24: return try packed(channels: 3)
        default: break
        }
        let flags = descriptor.pointee.flags
        let colours = Int32(descriptor.pointee.nb_components) - (flags & UInt64(AV_PIX_FMT_FLAG_ALPHA) != 0 ? 1 : 0)
        let isPalette = flags & UInt64(AV_PIX_FMT_FLAG_PAL) != 0
        if isPalette { return try indexed() }
        let depth = descriptor.pointee.comp.0.depth
        if colours == 1 { return try components([0], depth: depth, descriptor) }
        if flags & UInt64(AV_PIX_FMT_FLAG_RGB) != 0 { return try components([0, 1, 2], depth: depth, descriptor) }
        if isCommonJPEG { return try pictureFromJPEG() }
        let rgb = try converted(to: AV_PIX_FMT_RGB24)
        return try rgb.packed(channels: 3)
    }

    /// The pixels of a frame that has them in a picture's own layout.
    private func packed(channels: Int) throws -> Picture {
        var pixels: [UInt8] = []
        pixels.reserveCapacity(width * height * channels)
        for y in 0..<height {
            pixels.append(contentsOf: UnsafeBufferPointer(start: try row(y), count: width * channels))
        }
        return try Picture(width: width, height: height, channels: channels, pixels: pixels)
    }

    /// The pixels of a frame whose second plane is a palette of 256 native-endian ARGB words.
    private func indexed() throws -> Picture {
        guard let plane = frame.pointee.data.1 else { throw TesseraError(.backendFailure, "a frame has no palette") }
        let palette = UnsafeRawBufferPointer(start: plane, count: 1024)
        var pixels: [UInt8] = []
        pixels.reserveCapacity(width * height * 3)
        for y in 0..<height {
            for index in UnsafeBufferPointer(start: try row(y), count: width) {
                let colour = palette.loadUnaligned(fromByteOffset: Int(index) * 4, as: UInt32.self)
                for shift in [16, 8, 0] { pixels.append(UInt8(truncatingIfNeeded: colour >> UInt32(shift))) }
            }
        }
        return try Picture(width: width, height: height, channels: 3, pixels: pixels)
    }

    /// Reads components one by one, whatever the layout, and rounds each to 8 bits.
    private func components(
        _ components: [Int32], depth: Int32, _ descriptor: UnsafePointer<AVPixFmtDescriptor>
    ) throws -> Picture {
        var pixels = [UInt8](repeating: 0, count: width * height * components.count)
        var line = [UInt16](repeating: 0, count: width)
        let planes = frame.pointee.data
        var data = (
            UnsafePointer(planes.0), UnsafePointer(planes.1), UnsafePointer(planes.2), UnsafePointer(planes.3)
        )
        let sizes = frame.pointee.linesize
        var lineSizes = (sizes.0, sizes.1, sizes.2, sizes.3)
        let largest = UInt32(1) << UInt32(depth) - 1
        for y in 0..<height {
            for (channel, component) in components.enumerated() {
                withUnsafeMutablePointer(to: &data) { data in
                    withUnsafeMutablePointer(to: &lineSizes) { lineSizes in
                        data.withMemoryRebound(to: UnsafePointer<UInt8>?.self, capacity: 4) { data in
                            lineSizes.withMemoryRebound(to: Int32.self, capacity: 4) { lineSizes in
                                av_read_image_line2(
                                    &line, data, lineSizes, descriptor, 0, Int32(y), component, Int32(width), 0, 2)
                            }
                        }
                    }
                }
                var index = y * width * components.count + channel
                for value in line {
                    pixels[index] = UInt8((UInt32(value) * 255 + largest / 2) / largest)
                    index += components.count
                }
            }
        }
        return try Picture(width: width, height: height, channels: components.count, pixels: pixels)
    }
}
