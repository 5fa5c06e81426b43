import CFFmpeg
import TesseraCore

/// The file formats of pictures.
enum PictureFormat: String, CaseIterable {
    case png = "PNG"
    case jpeg = "JPEG"
    case bmp = "BMP"
    case webp = "WebP"

    /// The format that a file's first bytes show, whatever its name.
    init?(magic bytes: UnsafeRawBufferPointer) {
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if bytes.starts(with: Array("BM".utf8)) {
            self = .bmp
        } else if bytes.starts(with: Array("RIFF".utf8)), bytes.dropFirst(8).starts(with: Array("WEBP".utf8)) {
            self = .webp
        } else {
            return nil
        }
    }

    /// The format to write for a file name.
    ///
    /// - Throws: `invalidArgument` for an extension that is not .png, .jpg or .jpeg.
    init(writing path: String) throws {
        let name = path.lowercased()
        if name.hasSuffix(".png") {
            self = .png
        } else if name.hasSuffix(".jpg") || name.hasSuffix(".jpeg") {
            self = .jpeg
        } else {
            throw TesseraError(.invalidArgument, "cannot write '\(path)': expected a picture named .png, .jpg or .jpeg")
        }
    }

    var codec: AVCodecID {
        switch self {
        case .png: AV_CODEC_ID_PNG
        case .jpeg: AV_CODEC_ID_MJPEG
        case .bmp: AV_CODEC_ID_BMP
        case .webp: AV_CODEC_ID_WEBP
        }
    }

    /// Checks what the file says of itself before a decoder sees it. Decoders fill what is missing with grey, so their
    /// word is not enough.
    ///
    /// - Throws: `malformedFile` if the file is cut off, `limitExceeded` if it has too many pixels.
    func check(_ bytes: UnsafeRawBufferPointer) throws {
        let structure =
            switch self {
            case .png: Self.scanPNG(bytes)
            case .jpeg: Self.scanJPEG(bytes)
            // Both state their own length; their size is checked by the decoder.
            case .bmp: Structure(isComplete: Self.length(bytes, at: 2).map { $0 <= bytes.count } ?? false)
            case .webp: Structure(isComplete: Self.length(bytes, at: 4).map { $0 + 8 <= bytes.count } ?? false)
            }
        guard structure.isComplete else {
            throw TesseraError(
                .malformedFile, "the \(rawValue) picture is cut off: it has no end within its \(bytes.count) bytes")
        }
        if let size = structure.size {
            let limit = Picture.pixelLimit(ofBytes: bytes.count)
            try Picture.checkSize(width: size.width, height: size.height, limit: limit)
        }
    }

    private struct Structure {
        var isComplete = false
        var size: (width: Int, height: Int)?
    }

    /// Walks the chunks (length, type, data, checksum) from IHDR up to IEND.
    private static func scanPNG(_ bytes: UnsafeRawBufferPointer) -> Structure {
        var structure = Structure()
        var offset = 8
        while offset + 12 <= bytes.count {
            let length = bigEndian(bytes, at: offset, count: 4)
            guard offset + 12 + length <= bytes.count else { break }
            let type = bytes[(offset + 4)..<(offset + 8)]
            if type.elementsEqual("IHDR".utf8), length >= 8 {
                structure.size = (
                    bigEndian(bytes, at: offset + 8, count: 4), bigEndian(bytes, at: offset + 12, count: 4)
                )
            }
            if type.elementsEqual("IEND".utf8) {
                structure.isComplete = true
                break
            }
            offset += 12 + length
        }
        return structure
    }

    /// Walks the marker segments up to the end-of-image marker after the first scan.
    private static func scanJPEG(_ bytes: UnsafeRawBufferPointer) -> Structure {
        var structure = Structure()
        var offset = 2
        var hasScan = false
        while offset + 1 < bytes.count {
            guard bytes[offset] == 0xFF else {
                // Entropy-coded data, or filler.
                offset += 1
                continue
            }
            let marker = bytes[offset + 1]
            switch marker {
            case 0xD9:
                structure.isComplete = hasScan
                return structure
            case 0xFF: offset += 1
            case 0x00, 0x01, 0xD0...0xD8: offset += 2
            default:
                guard offset + 4 <= bytes.count else { return structure }
                if marker == 0xDA { hasScan = true }
                let isFrame = (0xC0...0xCF).contains(marker) && ![0xC4, 0xC8, 0xCC].contains(marker)
                if isFrame, offset + 9 <= bytes.count {
                    structure.size = (
                        bigEndian(bytes, at: offset + 7, count: 2), bigEndian(bytes, at: offset + 5, count: 2)
                    )
                }
                offset += 2 + bigEndian(bytes, at: offset + 2, count: 2)
            }
        }
        return structure
    }

    private static func bigEndian(_ bytes: UnsafeRawBufferPointer, at offset: Int, count: Int) -> Int {
        bytes[offset..<offset + count].reduce(0) { $0 << 8 | Int($1) }
    }

    private static func length(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int? {
        guard offset + 4 <= bytes.count else { return nil }
        return Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }
}
