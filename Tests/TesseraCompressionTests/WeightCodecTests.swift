import Tessera
import TesseraTestSupport
import Testing

/// What every codec promises, for every one that is registered.
@Suite struct WeightCodecTests {
    /// The codecs as they are set up for lossless and lossy compression.
    static var settings: [String] {
        Registry<any WeightCodec>.builtin.modules.flatMap { module in
            module.keys.contains { $0.name == "quality" } ? [module.name, module.name + " quality=60"] : [module.name]
        }
    }

    private func codec(_ setting: String) throws -> any WeightCodec {
        let parts = setting.split(separator: " ").map(String.init)
        guard parts.count > 1 else { return try Registry.builtin.make(parts[0]) }
        return try Registry.builtin.make(parts[0], .map([("quality", 60.configuration)]))
    }

    @Test("conformance", arguments: settings, WeightCodecConformance.Check.allCases)
    func conformance(_ setting: String, _ check: WeightCodecConformance.Check) throws {
        let codec = try codec(setting)
        if let reason = codec.unavailability {
            #expect(reason.contains("FFmpeg"), "\(setting)")
            return
        }
        try WeightCodecConformance(codec, seed: 7).run(check)
    }

    @Test("a setting that no codec takes is refused")
    func options() {
        expectError(.invalidArgument, "expected 'quality' from 1 to 100, found 0") {
            try Registry<any WeightCodec>.builtin.make("hevc", .map([("quality", 0.configuration)]))
        }
        expectError(.invalidArgument, "expected 'level' from 1 to 22, found 40") {
            try Registry<any WeightCodec>.builtin.make("zstd", .map([("level", 40.configuration)]))
        }
        expectError(.notFound, "did you mean 'hevc'") { try Registry<any WeightCodec>.builtin.make("hevv") }
    }

    @Test(
        "a better quality takes more bytes and comes nearer",
        arguments: ["jpeg", "jpegxl", "h264", "hevc", "av1", "opus"])
    func quality(name: String) throws {
        var generator = SeededGenerator(seed: 11)
        let format = FrameFormat(width: 64, height: 64, count: 2, bits: 8)
        let samples = (0..<format.sampleCount).map { _ in UInt16.random(in: 90...166, using: &generator) }
        func coded(_ quality: Int) throws -> (bytes: Int, error: Int) {
            let codec = try Registry<any WeightCodec>.builtin.make(name, .map([("quality", quality.configuration)]))
            let bytes = try codec.encode(WeightFrames(format, samples: samples))
            let decoded = try bytes.withUnsafeBytes { try codec.decode($0, as: format) }
            return (bytes.count, zip(samples, decoded.samples).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) })
        }
        let (low, high) = (try coded(20), try coded(100))
        #expect(low.bytes < high.bytes && low.error > high.error, "\(low), \(high)")
    }
}
