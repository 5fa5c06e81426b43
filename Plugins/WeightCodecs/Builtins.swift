import TesseraCompression
import TesseraCore

extension Registry where Product == any WeightCodec {
    /// Every weight codec that Tessera has, whether this host can use it or not.
    public static var builtin: Registry<any WeightCodec> {
        Registry(
            kind: "weight codec",
            [
                Module(AAC.self, name: AAC.name, summary: AAC.summary) { $0 },
                Module(AV1.self, name: AV1.name, summary: AV1.summary) { $0 },
                Module(Brotli.self, name: Brotli.name, summary: Brotli.summary) { $0 },
                Module(ContextCoding.self, name: ContextCoding.name, summary: ContextCoding.summary) { $0 },
                Module(FFV1.self, name: FFV1.name, summary: FFV1.summary) { $0 },
                Module(FLAC.self, name: FLAC.name, summary: FLAC.summary) { $0 },
                Module(H264.self, name: H264.name, summary: H264.summary) { $0 },
                Module(HEVC.self, name: HEVC.name, summary: HEVC.summary) { $0 },
                Module(JPEG.self, name: JPEG.name, summary: JPEG.summary) { $0 },
                Module(JPEG2000.self, name: JPEG2000.name, summary: JPEG2000.summary) { $0 },
                Module(JPEGXL.self, name: JPEGXL.name, summary: JPEGXL.summary) { $0 },
                Module(Opus.self, name: Opus.name, summary: Opus.summary) { $0 },
                Module(PNG.self, name: PNG.name, summary: PNG.summary) { $0 },
                Module(WavPack.self, name: WavPack.name, summary: WavPack.summary) { $0 },
                Module(WebP.self, name: WebP.name, summary: WebP.summary) { $0 },
                Module(XZ.self, name: XZ.name, summary: XZ.summary) { $0 },
                Module(Zstandard.self, name: Zstandard.name, summary: Zstandard.summary) { $0 },
            ])
    }
}
