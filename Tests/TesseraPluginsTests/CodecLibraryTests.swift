import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// A codec in C: samples as they are, after the number of them.
@Suite struct CodecLibraryTests {
    static let source = """
        #include <string.h>
        #include <tessera_plugin.h>
        static const tessera_host *host;
        static size_t sample_count(const tessera_frames *format) {
            return (size_t)format->width * format->height * format->count;
        }
        static tessera_status encode(const tessera_options *options, const tessera_frames *format, const uint16_t *samples,
                                     tessera_output *output, tessera_error *error) {
            (void)error;
            const int64_t key = host->option_integer(options, "key");
            const size_t count = sample_count(format);
            for (size_t index = 0; index < count; index++) {
                const uint16_t sample = samples[index] ^ (uint16_t)key;
                const tessera_status status = host->write(output, &sample, sizeof sample);
                if (status != TESSERA_OK) return status;
            }
            return TESSERA_OK;
        }
        static tessera_status decode(const tessera_options *options, const tessera_frames *format, const void *bytes,
                                     size_t byte_count, uint16_t *samples, tessera_error *error) {
            const size_t count = sample_count(format);
            if (byte_count != 2 * count)
                return tessera_fail(error, TESSERA_MALFORMED_DATA, "expected %zu bytes, found %zu", 2 * count, byte_count);
            memcpy(samples, bytes, byte_count);
            for (size_t index = 0; index < count; index++) samples[index] ^= (uint16_t)host->option_integer(options, "key");
            return TESSERA_OK;
        }
        static const tessera_codec codec = {
            .size = sizeof(tessera_codec), .kind = TESSERA_CODEC, .layout = TESSERA_BYTES, .is_lossless = 1, .is_exact_anywhere = 1,
            .largest_bits = 16, .encode = encode, .decode = decode};
        static tessera_status register_module(const tessera_host *own_host, const void **table, tessera_error *error) {
            (void)error;
            host = own_host;
            *table = &codec;
            return TESSERA_OK;
        }
        static const tessera_option options[] = {{"key", TESSERA_INTEGER, "0", "what samples are combined with"}};
        static const tessera_descriptor descriptor = {
            .magic = TESSERA_PLUGIN_MAGIC, .abi_major = TESSERA_ABI_MAJOR, .abi_minor = TESSERA_ABI_MINOR,
            .size = sizeof(tessera_descriptor), .kind = TESSERA_CODEC, .name = "plain", .summary = "samples as they are",
            .version = "1", .options = options, .option_count = 1, .option_size = sizeof(tessera_option),
            .register_module = register_module};
        TESSERA_EXPORT const tessera_descriptor *tessera_plugin(void) { return &descriptor; }
        """

    private func modules(_ source: String, _ folder: TemporaryFolder) throws -> Modules {
        try Modules.builtin.loading(plugins: [SampleLibrary.c(source, in: folder)])
    }

    @Test("a codec in C keeps what codecs promise, has options, and refuses bytes that are not of its frames")
    func codec() async throws {
        let folder = try TemporaryFolder()
        let modules = try modules(Self.source, folder)
        for check in try modules.checks(of: ModuleID(.codec, "plain")) { try await check.run() }
        let frames = WeightFrames(FrameFormat(width: 3, height: 1, bits: 8), samples: [1, 2, 255])
        let codec = try modules.weightCodecs.make("plain", .map([("key", 3.configuration)]))
        #expect(try codec.encode(frames) == [2, 0, 1, 0, 252, 0])
        expectError(.malformedFile, "expected 6 bytes, found 5") {
            try [UInt8](repeating: 0, count: 5).withUnsafeBytes { try codec.decode($0, as: frames.format) }
        }
        // With another key, the samples have more bits than the frames.
        expectError(.malformedFile, "expected samples of 8 bits, found 65535") {
            try [UInt8](repeating: 255, count: 6).withUnsafeBytes {
                try modules.weightCodecs.make("plain").decode($0, as: frames.format)
            }
        }
    }

    @Test("the checker finds a codec that gives back other samples")
    func broken() async throws {
        let folder = try TemporaryFolder()
        let source = Self.source.replacingOccurrences(
            of: "memcpy(samples, bytes, byte_count);", with: "memset(samples, 0, byte_count); (void)bytes;")
        let modules = try modules(source, folder)
        let failed = try await modules.failures(of: ModuleID(.codec, "plain"))
        #expect(
            failed.keys.sorted() == [
                "frames of all sizes come back as they were",
                "frames of one value, and of the smallest and largest, come back",
                "smooth frames come back nearer to what they were than one value would be",
            ])
    }

    @Test("a lossy codec keeps to the error that it states, and the checker finds one that does not")
    func lossy() async throws {
        let folder = try TemporaryFolder()
        // The lowest two bits are lost, so that a sample differs by at most 3.
        let lossy = Self.source.replacingOccurrences(
            of: "samples[index] ^ (uint16_t)key;", with: "samples[index] & ~3 & ~key;"
        )
        .replacingOccurrences(of: ".is_lossless = 1,", with: ".largest_error = largest_error,")
        .replacingOccurrences(
            of: "static const tessera_codec codec",
            with: """
                static uint32_t largest_error(const tessera_options *options, uint32_t bits) {
                    (void)options, (void)bits;
                    return 3;
                }
                static const tessera_codec codec
                """)
        let promise = "frames of all sizes come back, with the error that is stated at most"
        for (stated, reason) in [(3, nil), (2, "samples that differ by at most 2, found 3")] {
            let source = lossy.replacingOccurrences(of: "return 3;", with: "return \(stated);")
            let library = try SampleLibrary.c(source, in: folder, named: "lossy\(stated)")
            let failures = try await Modules.builtin.loading(plugins: [library]).failures(of: ModuleID(.codec, "plain"))
            let failure = failures[promise]
            #expect((failure == nil) == (reason == nil))
            if let reason { #expect(failure?.contains(reason) == true) }
        }
        // One that states nothing has to come near at least.
        let grey = lossy.replacingOccurrences(of: ".largest_error = largest_error,", with: "")
            .replacingOccurrences(
                of: "memcpy(samples, bytes, byte_count);",
                with: "(void)bytes; for (size_t index = 0; index < count; index++) samples[index] = 1;")
        let library = try SampleLibrary.c(grey, in: folder, named: "grey")
        let failures = try await Modules.builtin.loading(plugins: [library]).failures(of: ModuleID(.codec, "plain"))
        #expect(failures["smooth frames come back nearer to what they were than one value would be"] != nil)
    }

    @Test(
        "the checker finds a codec that fails at large and odd widths alone", arguments: ["> 5000", "== 129", "== 3"])
    func widths(_ condition: String) async throws {
        let folder = try TemporaryFolder()
        let source = Self.source.replacingOccurrences(
            of: "memcpy(samples, bytes, byte_count);",
            with: "memcpy(samples, bytes, byte_count); if (format->width \(condition)) samples[count - 1] ^= 1;")
        let failed = try await modules(source, folder).failures(of: ModuleID(.codec, "plain"))
        #expect(failed["frames of all sizes come back as they were"] != nil)
    }

    @Test(
        "a result that cannot be is refused",
        arguments: [
            ("NULL, 5", "expected 5 bytes of a result, found null"),
            ("&sample, SIZE_MAX", "found more than memory has"),
            ("&sample, (size_t)1 << 40", "expected at most 1048608 bytes of a result"),
        ])
    func results(_ written: String, _ reason: String) throws {
        let folder = try TemporaryFolder()
        let source = Self.source.replacingOccurrences(
            of: "const tessera_status status = host->write(output, &sample, sizeof sample);",
            with:
                "const tessera_status status = TESSERA_OK; host->write(output, \(written)); host->write(NULL, &sample, 1);"
        )
        #expect(source != Self.source)
        let codec = try modules(source, folder).weightCodecs.make("plain")
        let frames = WeightFrames(FrameFormat(width: 2, height: 1, bits: 8), samples: [1, 2])
        expectError(nil, "weight codec 'plain'", reason) { try codec.encode(frames) }
    }
}

extension Modules {
    /// The promises that a module does not keep, with the reasons.
    func failures(of id: ModuleID, options: Configuration = .empty) async throws -> [String: String] {
        var failures: [String: String] = [:]
        for check in try checks(of: id, options: options) {
            do { try await check.run() } catch { failures[check.promise] = "\(error)" }
        }
        return failures
    }
}
