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

    /// False if the file is cut off. Decoders fill what is missing with grey, so their word is not enough.
    func isComplete(_ bytes: UnsafeRawBufferPointer) -> Bool {
        switch self {
        case .png: Self.pngHasEnd(bytes)
        case .jpeg: Self.jpegHasEnd(bytes)
        // Both state their own length.
        case .bmp: Self.length(bytes, at: 2).map { $0 <= bytes.count } ?? false
        case .webp: Self.length(bytes, at: 4).map { $0 + 8 <= bytes.count } ?? false
        }
    }

    /// Walks the chunks (length, type, data, checksum) up to IEND.
    private static func pngHasEnd(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var offset = 8
        while offset + 12 <= bytes.count {
            let length = Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
            guard offset + 12 + length <= bytes.count else { return false }
            if bytes[(offset + 4)..<(offset + 8)].elementsEqual("IEND".utf8) { return true }
            offset += 12 + length
        }
        return false
    }

    /// Walks the marker segments up to the end-of-image marker after the first scan.
    private static func jpegHasEnd(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var offset = 2
        var hasScan = false
        while offset + 1 < bytes.count {
            guard bytes[offset] == 0xFF else {
                // Entropy-coded data, or filler.
                offset += 1
                continue
            }
            switch bytes[offset + 1] {
            case 0xD9: return hasScan
            case 0xFF: offset += 1
            case 0x00, 0x01, 0xD0...0xD8: offset += 2
            case let marker:
                guard offset + 4 <= bytes.count else { return false }
                if marker == 0xDA { hasScan = true }
                offset += 2 + Int(bytes[offset + 2]) << 8 + Int(bytes[offset + 3])
            }
        }
        return false
    }

    private static func length(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int? {
        guard offset + 4 <= bytes.count else { return nil }
        return Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }
}
