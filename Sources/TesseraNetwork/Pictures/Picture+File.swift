import CFFmpeg
import TesseraCore

extension Picture {
    /// Reads a PNG, JPEG, BMP or WebP file; its first bytes decide which.
    ///
    /// Grey files give one channel, all others three. Colours come out as full-range RGB; 16 bits are rounded to 8;
    /// transparency is dropped, as PIL and OpenCV do. An orientation in the file's metadata is not applied.
    ///
    /// - Throws: `inputOutput` if the file cannot be read, `malformedFile` if it is no whole picture, `limitExceeded`
    ///   if it has more than `pixelLimit` pixels, or far more than a file of its size would.
    public init(path: String) throws {
        let file = try MappedFile(path: path)
        self = try locatingErrors(path: "'\(path)'") { try Picture(encoded: file.bytes) }
    }

    /// Reads a picture from the bytes of such a file.
    public init(encoded bytes: [UInt8]) throws {
        self = try bytes.withUnsafeBytes { try Picture(encoded: $0) }
    }

    private init(encoded bytes: UnsafeRawBufferPointer) throws {
        guard let format = PictureFormat(magic: bytes) else {
            throw TesseraError(.malformedFile, "expected a PNG, JPEG, BMP or WebP picture, found other content")
        }
        try format.check(bytes)
        let frame: VideoFrame
        do {
            frame = try ImageDecoder.decode(bytes, codec: format.codec)
        } catch let error as TesseraError where error.code == .malformedFile {
            throw TesseraError(.malformedFile, "expected a whole \(format.rawValue) picture: \(error.message)")
        }
        self = try frame.picture()
    }

    /// Writes a PNG or JPEG file, as the extension says. The path holds the whole picture afterwards, or what it held
    /// before if writing fails. JPEG is written at the encoder's best quality, in full colour resolution.
    ///
    /// - Throws: `invalidArgument` for another extension, `inputOutput` if writing fails.
    public func write(to path: String) throws {
        let format = try PictureFormat(writing: path)
        let encoded = try locatingErrors(path: "'\(path)'") { try ImageEncoder.encode(self, as: format) }
        try replaceFile(at: path) { writer in try encoded.withUnsafeBytes { try writer.write($0) } }
    }
}
